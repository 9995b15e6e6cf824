"""What is refused of a job's files whatever the workspace would say. Pure."""

from __future__ import annotations

from reconciler.providers.azureml.jobs.assets import Unsendable


def check_label(name: str, label: str) -> None:
    """Unsendable where `NAME@LABEL` is none that can be looked up."""
    if label != "latest":
        what = f'"{name}@{label}": only the label latest is known'
        raise Unsendable(what, f"write {name}@latest")


def local_data(path: str) -> Unsendable:
    """Of data that the target does not let be uploaded."""
    return Unsendable(
        f'"{path}" is local data, which is not in Azure',
        "put it into a datastore and name it there, or say `upload_data: true` in the"
        " target: it is uploaded with the schedule then",
    )


def local_context(path: str) -> Unsendable:
    """Of a folder that an environment is built from, alike."""
    return Unsendable(
        f'an environment is built from "{path}", which goes to a datastore',
        "register it and refer to it, or say `upload_data: true` in the target",
    )


def no_files(path: str) -> Unsendable:
    """Of a folder of code in which nothing is left."""
    return Unsendable(f'"{path}" has no files', "put the code there, or leave `code` out")


def changed_since(path: str) -> Unsendable:
    """Of a file or a folder that says something else than what was declared."""
    return Unsendable(f'"{path}" was changed since the declarations were read', "plan again")
