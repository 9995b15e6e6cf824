"""The code of Microsoft's article "Trigger machine learning pipelines", as it stands there.

MicrosoftDocs/azure-ai-docs, articles/machine-learning/v1/how-to-trigger-published-pipeline.md. The
ids of a pipeline and a schedule, which its reader copies from what was printed, are filled in.
"""

LIST_EXPERIMENTS = """\
from azureml.core.experiment import Experiment
experiments = Experiment.list(ws)
for experiment in experiments:
    print(experiment.name)
"""
LIST_PIPELINES = """\
from azureml.pipeline.core import Pipeline, PublishedPipeline
published_pipelines = PublishedPipeline.list(ws)
for published_pipeline in published_pipelines:
    print(f"{published_pipeline.name},'{published_pipeline.id}'")
"""
NAMES = """\
experiment_name = "MyExperiment"
pipeline_id = published_pipelines[0].id
"""
CREATE_BY_TIME = """\
from azureml.pipeline.core.schedule import ScheduleRecurrence, Schedule
recurrence = ScheduleRecurrence(frequency="Minute", interval=15)
recurring_schedule = Schedule.create(ws, name="MyRecurringSchedule",
                            description="Based on time",
                            pipeline_id=pipeline_id,
                            experiment_name=experiment_name,
                            recurrence=recurrence)
"""
CREATE_BY_CHANGE = """\
from azureml.core import Datastore
datastore = Datastore(workspace=ws, name="workspaceblobstore")
reactive_schedule = Schedule.create(ws, name="MyReactiveSchedule",
                            description="Based on input file change.",
                            pipeline_id=pipeline_id,
                            experiment_name=experiment_name,
                            datastore=datastore,
                            data_path_parameter_name="input_data",
                            path_on_datastore="file/path",
                            polling_interval=1)
"""
LIST = """\
ss = Schedule.list(ws)
for s in ss:
    print(s)
"""
STOP = """\
def stop_by_schedule_id(ws, schedule_id):
    s = next(s for s in Schedule.list(ws) if s.id == schedule_id)
    s.disable()
    return s

stop_by_schedule_id(ws, reactive_schedule.id)
stop_by_schedule_id(ws, recurring_schedule.id)
"""
LIST_AGAIN = """\
ss = Schedule.list(ws)
print(f"Schedules: {ss}")
"""
