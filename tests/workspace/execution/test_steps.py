"""Job documents and inputs -> steps."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.workspace.execution.run_inputs import Context, JobError, LocalPaths, run_inputs
from reconciler.workspace.execution.steps import RunPlan, Step, plan_run

RUN = Context("nightly-20260101T000000Z", "2026-01-01T00:00:00Z")
FOLDER = "/runs/nightly"
EVIL = """'"; touch canary; $(touch canary) `touch canary` ${{name}} ${{parent.inputs.x}}\n"""


def job(text: str) -> dict[str, Any]:
    """A job document by its YAML; a pipeline unless it says otherwise."""
    return {"type": "pipeline", **yaml.safe_load(text)}


def planned(
    text: str, given: Mapping[str, Any] | None = None, *, base: str | None = None, **options: Any
) -> RunPlan:
    return plan_run(job(text), given or {}, RUN, FOLDER, base=base, **options)


def step(text: str, given: Mapping[str, Any] | None = None, **options: Any) -> Step:
    """The last step of a job."""
    return planned(text, given, **options).steps[-1]


def refusal(text: str, given: Mapping[str, Any] | None = None, **options: Any) -> str:
    with pytest.raises(JobError) as caught:
        planned(text, given, **options)
    return str(caught.value)


def printed(made: Step, folder: Path) -> str:
    """What a step prints, run by bash."""
    done = subprocess.run(
        ["/bin/bash", "-c", made.script],
        env={"PATH": "/usr/bin:/bin", **made.environment},
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert not list(folder.iterdir())
    return done.stdout


# --------------------------------------------------------------------------------------- inputs


@pytest.mark.parametrize(
    ("declared", "given", "value"),
    [
        ("hello", {}, "hello"),
        (5, {}, "5"),
        (0.5, {}, "0.5"),
        (0, {}, "0"),
        ("", {}, ""),
        (True, {}, "True"),
        (False, {}, "False"),
        ({"type": "boolean", "default": True}, {}, "True"),
        ({"type": "boolean", "default": True}, {"x": "false"}, "False"),
        ({"type": "boolean"}, {"x": False}, "False"),
        ({"type": "integer", "default": 5}, {}, "5"),
        ({"type": "integer"}, {"x": "-7"}, "-7"),
        ({"type": "number", "default": 1}, {"x": "1e-3"}, "1e-3"),
        ({"type": "number", "default": 0}, {}, "0"),
        ({"type": "string", "default": ""}, {}, ""),
        ({"type": "string", "value": "v", "default": "d"}, {}, "v"),
        ({"type": "string", "default": "d", "optional": True}, {}, "d"),
        ({"type": "string", "optional": True}, {"x": "given"}, "given"),
        ({"type": "string", "optional": "true"}, {}, None),
        ({"type": "uri_folder", "path": "azureml:data:1"}, {}, "azureml:data:1"),
        ({"type": "uri_folder", "path": "azureml://d/paths/p"}, {}, "azureml://d/paths/p"),
        ({"type": "uri_file", "path": "file:///data/a.csv"}, {}, "/data/a.csv"),
        ({"type": "uri_file", "path": "/data/a.csv"}, {}, "/data/a.csv"),
        ({"type": "uri_file", "path": "../a.csv"}, {}, "/repo/a.csv"),
        ({"type": "uri_file", "path": "../a.csv"}, {"x": "b.csv"}, "b.csv"),
        ({"type": "uri_file"}, {"x": {"type": "uri_file", "path": "/b.csv"}}, "/b.csv"),
        ("declared", {"x": None}, "declared"),
        ("declared", {"x": ""}, ""),
        (None, {"x": 1}, "1"),
        ("${{name}}", {}, RUN.run),
        ("at ${{ creation_context.trigger_time }}", {}, f"at {RUN.trigger_time}"),
        ("d", {"x": "${{name}}"}, RUN.run),
        ("${{unknown}}", {}, "${{unknown}}"),
    ],
)
def test_the_value_of_an_input(declared: Any, given: Mapping[str, Any], value: str | None) -> None:
    document = {"inputs": {"x": declared}}
    expected = {} if value is None else {"x": value}
    assert run_inputs(document, given, RUN, LocalPaths("/repo/jobs", "", {})) == expected


@pytest.mark.parametrize(
    ("declared", "given", "message"),
    [
        (None, {}, 'the input "x" has no value'),
        ({"type": "string"}, {}, 'the input "x" has no value'),
        ({"type": "string", "optional": False}, {}, 'the input "x" has no value'),
        ("a", {"y": 1}, 'the job declares no input "y"'),
        ({"type": "integer"}, {"x": "5.5"}, 'the input "x" is no whole number: "5.5"'),
        ({"type": "number"}, {"x": "much"}, 'the input "x" is no number: "much"'),
        ({"type": "boolean"}, {"x": "1"}, 'the input "x" is neither true nor false: "1"'),
    ],
)
def test_inputs_that_cannot_be(declared: Any, given: Mapping[str, Any], message: str) -> None:
    with pytest.raises(JobError) as caught:
        run_inputs({"inputs": {"x": declared}}, given, RUN)
    assert str(caught.value) == message


def test_a_local_path_stays_as_it_is_where_no_folder_is_known() -> None:
    assert run_inputs({"inputs": {"x": {"path": "./a"}}}, {}, RUN) == {"x": "./a"}


# ---------------------------------------------------------------------------------------- steps

PASSED = """
inputs: {x: {type: string, optional: true}}
jobs:
  a:
    command: printf %s ${{inputs.y}}
    inputs: {y: "${{parent.inputs.x}}"}
"""


def test_a_value_reaches_the_command_of_a_pipeline(tmp_path: Path) -> None:
    assert printed(step(PASSED, {"x": EVIL}), tmp_path) == EVIL.replace("${{name}}", RUN.run)


def test_a_value_reaches_the_command_of_a_command_job(tmp_path: Path) -> None:
    made = step("{type: command, command: 'printf %s ${{inputs.x}}', inputs: {x: a}}", {"x": EVIL})
    assert made.name == "command"
    assert printed(made, tmp_path) == EVIL.replace("${{name}}", RUN.run)


def test_macros_in_a_command(tmp_path: Path) -> None:
    made = step("jobs: {a: {command: 'echo ${{name}} ${{creation_context.trigger_time}}'}}")
    assert printed(made, tmp_path) == f"{RUN.run} {RUN.trigger_time}\n"


def test_literals_of_a_step(tmp_path: Path) -> None:
    made = step("""
        jobs:
          a:
            command: echo ${{inputs.n}} ${{inputs.ok}} ${{inputs.b}} ${{inputs.at}} ${{inputs.d}}
            inputs:
              n: 5
              ok: true
              b: {type: boolean, default: "false"}
              at: at ${{creation_context.trigger_time}}
              d: {type: uri_folder, path: data}
        """, base="/repo")  # fmt: skip
    assert printed(made, tmp_path) == f"5 True False at {RUN.trigger_time} /repo/data\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (PASSED.replace("${{inputs.y}}", "a$[[ --y ${{inputs.y}}]]"), "a"),
        (PASSED, ""),
        (
            "{type: command, command: 'echo a $[[--x ${{inputs.x}}]]', "
            "inputs: {x: {type: string, optional: true}}}",
            "a\n",
        ),
        (
            "jobs: {a: {command: 'echo a $[[--x ${{inputs.x}}]]', "
            "inputs: {x: {type: string, optional: true}}}}",
            "a\n",
        ),
    ],
)
def test_optional_inputs_without_a_value(tmp_path: Path, text: str, expected: str) -> None:
    made = step(text)
    assert printed(made, tmp_path) == expected
    assert not [name for name in made.environment if "INPUT" in name]


def test_environment_variables(tmp_path: Path) -> None:
    made = step(
        """
        inputs: {x: {type: string, optional: true}, z: from the run}
        jobs:
          a: {command: ls, outputs: {o: }}
          b:
            command: printf '%s|' "$A" "$B" "$C" "${D-none}" "$E" "$F" "$G" "${H-none}"
            inputs: {y: "it's"}
            environment_variables:
              A: text
              B: 5
              C: say ${{inputs.y}}
              D: ${{parent.inputs.x}}
              E: ${{parent.inputs.z}}
              F: ${{parent.jobs.a.outputs.o}}
              G: ${{name}}
              H:
        """
    )
    assert printed(made, tmp_path) == (
        f"text|5|say it's|none|from the run|{FOLDER}/outputs/a/o|{RUN.run}|none|"
    )
    assert made.needs == {"a"}


def test_each_binding_has_a_variable_of_its_own(tmp_path: Path) -> None:
    made = step(
        """
        jobs:
          a:
            command: echo ${{inputs.a-b}} ${{inputs.a_b}} ${{inputs.é}} ${{inputs.name}} ${{name}}
            inputs: {a-b: 1, a_b: 2, é: 3, name: 4}
            environment_variables: {RECONCILER_INPUT_a_b: mine}
        """
    )
    assert printed(made, tmp_path) == f"1 2 3 4 {RUN.run}\n"
    assert made.environment["RECONCILER_INPUT_a_b"] == "1"


@pytest.mark.parametrize(
    ("timeout", "seconds"), [("5", 5.0), ("0.5", 0.5), ("'60'", 60.0), ("", None)]
)
def test_timeouts(timeout: str, seconds: float | None) -> None:
    assert step(f"jobs: {{a: {{command: ls, limits: {{timeout: {timeout}}}}}}}").timeout == seconds


def test_code() -> None:
    plan = planned("jobs: {a: {command: ls, code: ./src}, b: {command: ls}}")
    assert [step.code for step in plan.steps] == ["./src", None]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("jobs: {}", "the job has no steps"),
        ("jobs: ", "the job has no steps"),
        ("jobs: {a: {component: 'azureml:a:1'}}", 'step "a" is not a command'),
        ("jobs: {a: {command: ls, inputs: {x: }}}", 'step "a": the input "x" has no value'),
        (
            "jobs: {a: {command: ls, inputs: {x: {type: integer, default: a}}}}",
            'the input "x" is no whole number: "a"',
        ),
        *(
            (f"jobs: {{a: {{command: 'echo ${{{{{one}}}}}'}}}}", one)
            for one in ("inputs.x", "outputs.x", "nothing", "", "a b", "parent.inputs.x")
        ),
        *(
            (f"jobs: {{a: {{command: ls, inputs: {{x: '${{{{{one}}}}}'}}}}}}", one)
            for one in ("parent.inputs.x", "parent.outputs.x", "parent.jobs.b.outputs.x", "x")
        ),
        (
            "jobs: {a: {command: ls, environment_variables: {A: '${{inputs.x}}'}}}",
            "inputs.x",
        ),
        (
            "jobs: {a: {command: ls, outputs: {y: '${{parent.outputs.x}}'}}}",
            'step "a": the output y is bound to nothing',
        ),
        (
            "jobs: {a: {command: ls, outputs: {../y: }}}",
            'step "a": the output ../y cannot be the name of a file',
        ),
        (
            "{jobs: {a: {command: ls}}, outputs: {'': }}",
            "the output  cannot be the name of a file",
        ),
        (
            "jobs: {a: {command: ls, environment_variables: {A=B: 1}}}",
            '"A=B" cannot be the name of an environment variable',
        ),
        *(
            (
                f"jobs: {{a: {{command: ls, limits: {{timeout: {one}}}}}}}",
                f'step "a": "{shown}" is no timeout in seconds',
            )
            for one, shown in [(0, 0), (-1, -1), (".inf", "inf"), (".nan", "nan"), ("x", "x")]
        ),
        (
            "jobs: {a: {command: ls, inputs: {x: '${{parent.jobs.b.outputs.o}}'}, outputs: {o: }},"
            " b: {command: ls, inputs: {x: '${{parent.jobs.a.outputs.o}}'}, outputs: {o: }}}",
            "these steps wait for one another: a -> b -> a",
        ),
    ],
)
def test_jobs_that_cannot_run(text: str, message: str) -> None:
    if " " not in message.strip() or message == "a b":
        message = f'step "a": ${{{{{message}}}}} is bound to nothing'
    found = refusal(text)
    assert found.replace("b -> a -> b", "a -> b -> a") == message


@pytest.mark.parametrize("value", ["a[$(touch canary)]", "a[`touch canary`]", "it's", "-v"])
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{type: command, inputs: {x: 1}, command: 'echo $(( ${{inputs.x}} + 1 ))'}", "arithmetic"),
        (
            "{type: command, inputs: {x: 1}, command: '[[ ${{inputs.x}} -eq 1 ]]'}",
            "[[ ... -eq ... ]]",
        ),
        (
            "{type: command, inputs: {x: 1}, command: 'y=${{inputs.x}}'}",
            "an assignment, y=...",
        ),
    ],
)
def test_a_value_that_could_run_is_refused(tmp_path: Path, text: str, why: str, value: str) -> None:
    what = "begins with -" if value == "-v" else "holds more than letters, digits and . _ / : , + -"
    assert refusal(text, {"x": value}) == (
        f'step "command": the input "x" {what}, and its command may evaluate it ({why}): '
        'hand "$RECONCILER_INPUT_x" to a program as an argument, or in a file'
    )
    printed(step(text, {"x": "1"}), tmp_path)


@pytest.mark.parametrize("name", ["BASH_ENV", "PS4", "RANDOM", "PATH", "BASH_FUNC_ls%%"])
def test_an_environment_variable_that_is_more_than_text(name: str) -> None:
    text = (
        "{type: command, inputs: {x: 1}, command: ls, "
        f"environment_variables: {{{name}: '${{{{inputs.x}}}}'}}}}"
    )
    assert refusal(text, {"x": "$(touch canary)"}).startswith(
        f'step "command": the environment variable "{name}" holds more than'
    )
    assert step(text, {"x": "5"}).environment[name] == "5"
    assert step(text.replace(name, "DATA"), {"x": "$(a)"}).environment["DATA"] == "$(a)"


def test_what_could_be_an_option() -> None:
    text = "{type: command, inputs: {x: 1}, command: 'tar -x ${{inputs.x}}'}"
    assert refusal(text, {"x": "--checkpoint-action=exec=id"}) == (
        'step "command": the input "x" begins with -, and tar would take it for an option: '
        "write -- before it"
    )
    step(text, {"x": "a file.tar"})
    step(text.replace("-x", "-x --"), {"x": "--checkpoint-action=exec=id"})


def test_paths_of_outputs_are_not_from_outside() -> None:
    """The folder of runs may have any name; it is the workspace's own."""
    text = """
        {inputs: {n: 1}, jobs: {a: {command: "ls > ${{outputs.o}}", outputs: {o: }},
        b: {command: "cat < ${{inputs.x}}/f", inputs: {x: "${{parent.jobs.a.outputs.o}}"}}}}
        """
    plan = plan_run(job(text), {}, RUN, "/my runs/$(a)")
    assert plan.steps[0].environment["RECONCILER_OUTPUT_o"] == "/my runs/$(a)/outputs/a/o"
    text = text.replace("parent.jobs.a.outputs.o", "parent.inputs.n")
    assert "a redirection, <" in refusal(text, {"n": "$(a)"})


def test_what_is_only_shown_is_not_checked() -> None:
    text = "{type: command, inputs: {x: 1}, command: 'y=${{inputs.x}}'}"
    assert planned(text, {"x": "$(a)"}, check=False).steps


def test_the_name_of_the_run_where_it_is_evaluated() -> None:
    text = "{type: command, command: 'n=${{name}}; echo $((1))'}"
    step(text)
    with pytest.raises(JobError, match="holds more than"):
        plan_run(job(text), {}, Context("a b", ""), FOLDER)


def test_a_command_that_is_too_long() -> None:
    long = "echo " + "a" * (64 * 1024 - 5)
    assert step(f"{{type: command, command: {long}}}")
    assert refusal(f"{{type: command, command: {long}a}}") == (
        'step "command": its command has more than 65,536 bytes'
    )


# -------------------------------------------------------------------------------------- outputs


def test_outputs() -> None:
    made = step("""
        jobs:
          a:
            command: echo ${{outputs.folder}}
            outputs:
              folder:
              named: {type: uri_folder, mode: upload}
              file: {type: uri_file}
              here: {path: "/data/${{name}}"}
              url: {type: uri_file, path: "file:///data/model.pkl"}
              cloud: {path: "azureml://datastores/d/paths/p"}
              text: /data/text
        """)  # fmt: skip
    inside = f"{FOLDER}/outputs/a"
    assert made.outputs == {
        "folder": f"{inside}/folder",
        "named": f"{inside}/named",
        "file": f"{inside}/file",
        "here": f"/data/{RUN.run}",
        "url": "/data/model.pkl",
        "cloud": f"{inside}/cloud",
        "text": "/data/text",
    }
    assert made.output_files == {"file", "url"}
    assert made.environment["RECONCILER_OUTPUT_folder"] == f"{inside}/folder"


def test_outputs_of_a_command_job() -> None:
    made = step("{type: command, command: 'echo ${{outputs.o}}', outputs: {o: {type: uri_file}}}")
    assert made.outputs == {"o": f"{FOLDER}/outputs/command/o"}
    assert made.output_files == {"o"}


def test_the_output_of_another_step(tmp_path: Path) -> None:
    plan = planned("""
        jobs:
          last:
            command: echo ${{inputs.x}} ${{inputs.y}}
            inputs:
              x: ${{parent.jobs.first.outputs.o}}/world.txt
              y: {type: uri_folder, path: "${{ parent.jobs.second.outputs.o }}"}
          first: {command: ls, outputs: {o: }}
          second: {command: ls, outputs: {o: {path: /data}}}
        """, base="/repo")  # fmt: skip
    assert [step.needs for step in plan.steps] == [{"first", "second"}, set(), set()]
    assert printed(plan.steps[0], tmp_path) == f"{FOLDER}/outputs/first/o/world.txt /data\n"


def test_outputs_of_the_pipeline(tmp_path: Path) -> None:
    """Where a step writes what is bound to an output of the pipeline, is where that is."""
    plan = planned("""
        outputs:
          model:
          report: {type: uri_file}
          elsewhere: {path: "/data/${{name}}"}
        jobs:
          train:
            command: echo ${{outputs.model}} ${{outputs.report}} ${{outputs.here}}
            outputs:
              model: ${{parent.outputs.model}}
              report: {mode: upload, path: "${{ parent.outputs.report }}"}
              here: ${{parent.outputs.elsewhere}}
          use:
            command: echo ${{inputs.a}} ${{inputs.b}}
            inputs:
              a: ${{parent.outputs.model}}
              b: ${{parent.jobs.train.outputs.report}}
          unbound:
            command: ls
        """)  # fmt: skip
    train, use, _ = plan.steps
    own = f"{FOLDER}/pipeline_outputs"
    assert printed(train, tmp_path) == f"{own}/model {own}/report /data/{RUN.run}\n"
    assert train.output_files == {"report"}
    assert printed(use, tmp_path) == f"{own}/model {own}/report\n"
    assert [step.needs for step in plan.steps] == [set(), {"train"}, set()]


# ------------------------------------------------------------------------------------ the whole


@pytest.mark.parametrize(
    ("of_the_job", "of_the_schedule", "goes_on"),
    [
        ("", None, True),
        ("{}", None, True),
        ("{default_compute: azureml:cpu}", None, True),
        ("{continue_on_step_failure: true}", None, True),
        ("{continue_on_step_failure: false}", None, False),
        ("{continue_on_step_failure: 'False'}", None, False),
        ("{continue_on_step_failure: true}", False, False),
        ("{continue_on_step_failure: false}", True, True),
    ],
)
def test_going_on_when_a_step_fails(
    of_the_job: str, of_the_schedule: bool | None, goes_on: bool
) -> None:
    text = f"{{jobs: {{a: {{command: ls}}}}, settings: {of_the_job or 'null'}}}"
    plan = planned(text, continue_on_step_failure=of_the_schedule)
    assert plan.continue_on_step_failure is goes_on
