"""The service behind ARM: from a call to its answer."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable
from urllib.parse import quote, urlencode

from .assets import Assets, wrong_job
from .clocks import instant
from .contract import Contract
from .errors import Refused, arm, not_found
from .front import Front
from .jobs import Jobs
from .messages import ASSETS, Answer, Call, answer
from .records import VIEWS, Operation, Record
from .refusals import refuse_bad_schedule
from .schedules import Store, shown
from .settings import Settings


class Routes:
    """Answers calls. Used by many threads at once."""

    def __init__(
        self, settings: Settings, store: Store, contract: Contract, address: Callable[[], str]
    ) -> None:
        self.front = Front(settings)
        self.assets = Assets(settings.workspace_id, address)
        self.jobs = Jobs(settings.workspace_id, contract, address, settings.page_size)
        self._settings = settings
        self._store = store
        self._contract = contract
        self._address = address

    def handle(self, call: Call) -> Answer:
        """The answer, which keeps to the contract or says how it does not."""
        headers = {"Cache-Control": "no-cache", "x-ms-request-id": str(uuid.uuid4())}
        headers["x-ms-correlation-request-id"] = call.headers.get(
            "x-ms-correlation-request-id", str(uuid.uuid4())
        )
        if call.route == "blob":
            return self.assets.blob(call)  # it is another host: no token, and none of ARM's rules
        try:
            self.front.admit(call, headers)
            done = self._serve(call)
        except Refused as refused:
            self._contract.broken("error", f"{call.method} {call.path} (error)", refused.body)
            done = answer(refused.status, refused.body, refused.headers)
        done.headers = headers | done.headers
        return done

    def _serve(self, call: Call) -> Answer:
        served = {
            ("GET", "list"): self._list,
            ("GET", "schedule"): self._get,
            ("PUT", "schedule"): self._put,
            ("DELETE", "schedule"): self._delete,
            ("GET", "operation"): self._status,
            ("GET", "result"): self._result,
            ("GET", "job"): self._job,
            ("GET", "jobs"): self.jobs.list,
            ("PUT", "job"): lambda call: self.jobs.put(call, self._settings.now()),
            ("POST", "cancel"): self.jobs.cancel,
            ("GET", "workspace"): self._workspace,
        }.get((call.method, call.route))
        if served is not None:
            return served(call)
        if call.segments[8:9] and call.segments[8].lower() in ASSETS:
            return self.assets.serve(call)
        if call.route == "other":
            words = "The resource type could not be found in the namespace"
            words += " 'Microsoft.MachineLearningServices'."
            raise arm(404, "InvalidResourceType", words)
        words = f"The HTTP method '{call.method}' is not supported at this address."
        raise arm(405, "HttpMethodNotSupported", words)

    # ------------------------------------------------------------------------------- the service

    def _list(self, call: Call) -> Answer:
        view = call.query.get("listViewType", "EnabledOnly")
        if view.lower() not in VIEWS:
            raise arm(400, "BadRequest", f"The listViewType {view!r} is not supported")
        after = _place_in(call.query.get("$skip"))
        with self._store.lock:
            records, more = self._store.page(view.lower(), after, self._settings.page_size)
            items = list(self._checked(records, call))
        envelope: dict[str, object] = {"value": []}
        if more:
            token = base64.urlsafe_b64encode(f"after {records[-1].sequence}".encode()).decode()
            query = urlencode({**call.query, "$skip": token}, safe="$")
            envelope["nextLink"] = f"{self._address()}{quote(call.path)}?{query}"
        elif self._settings.null_next_link:
            envelope["nextLink"] = None
        held = self._held("page", call, answer(200, envelope))
        held.body = held.body.replace(b"[]", b"[" + b", ".join(items) + b"]", 1)
        return held

    def _checked(self, records: list[Record], call: Call) -> list[bytes]:
        fresh = [record for record in records if record.shown is None]
        for record in fresh:
            self._keep_to("resource", call, self._store.resource(record))
        return list(shown(self._store, records))

    def _get(self, call: Call) -> Answer:
        with self._store.lock:
            record = self._store.get(call.name)
            if record is None:
                raise not_found("Trigger", call.name)
            return Answer(200, self._checked([record], call)[0])

    def _put(self, call: Call) -> Answer:
        settings = self._settings
        try:
            sent = call.json
        except ValueError:
            sent = None
        if not isinstance(sent, dict):
            raise arm(400, "InvalidRequestContent", "The request content was invalid: no object.")
        refuse_bad_schedule(call.name, sent.get("properties"), settings.now())
        self._keep_to("sent", call, sent)
        wrong = wrong_job(sent["properties"], self.assets)
        if wrong is not None:
            raise arm(400, "UserError", wrong)
        with self._store.lock:
            properties, operation = self._store.put(call.name, sent["properties"], settings.author)
        url = f"{self._address()}{quote(call.path)}?api-version={call.query['api-version']}"
        headers = self._pending_headers(call, operation)
        headers["Location"] = url
        if not settings.async_header:
            del headers["Azure-AsyncOperation"]
        return self._held("created", call, answer(201, {"properties": properties}, headers))

    def _delete(self, call: Call) -> Answer:
        with self._store.lock:
            operation = self._store.delete(call.name)
        if operation is None:
            return answer(204)
        headers = self._pending_headers(call, operation)
        headers["Location"] = self._operation_url(call, operation, "mfeOperationResults")
        done = answer(202, None, headers)
        done.body = b"null"
        return done

    def _pending_headers(self, call: Call, operation: Operation) -> dict[str, str]:
        headers = {
            "Azure-AsyncOperation": self._operation_url(call, operation, "mfeOperationsStatus"),
            "x-ms-async-operation-timeout": "PT30M",
        }
        if self._settings.retry_after is not None:
            headers["Retry-After"] = str(self._settings.retry_after)
        return headers

    def _operation_url(self, call: Call, operation: Operation, kind: str) -> str:
        path = self._operation_path(operation, kind)
        return f"{self._address()}{path}?api-version={call.query['api-version']}"

    def _operation_path(self, operation: Operation, kind: str) -> str:
        settings = self._settings
        return (
            f"/subscriptions/{settings.subscription}/providers/Microsoft.MachineLearningServices"
            f"/locations/{settings.region}/{kind}/{operation.name}"
        )

    def _operation(self, call: Call) -> Operation:
        with self._store.lock:
            operation = self._store.poll(call.name)
        if operation is None:
            raise not_found("Operation", call.name)
        return operation

    def _status(self, call: Call) -> Answer:
        operation = self._operation(call)
        body: dict[str, object] = {
            "id": self._operation_path(operation, "mfeOperationResults"),
            "name": operation.name,
            "status": operation.status,
            "startTime": instant(operation.started),
        }
        headers = {}
        if operation.ended is not None:
            body["endTime"] = instant(operation.ended)
            if operation.error is not None:
                body["error"] = operation.error
        elif self._settings.retry_after is not None:
            headers["Retry-After"] = str(self._settings.retry_after)
        return self._held("operation", call, answer(200, body, headers))

    def _result(self, call: Call) -> Answer:
        operation = self._operation(call)
        if operation.ended is None:
            location = self._operation_url(call, operation, "mfeOperationResults")
            return answer(202, None, {"Location": location})
        if operation.error is not None:
            return self._held("error", call, answer(400, {"error": operation.error}))
        return answer(204)

    def _job(self, call: Call) -> Answer:
        made = self.jobs.get(call)
        if made is not None:
            return made
        if self._settings.jobs is not None and call.name not in self._settings.jobs:
            raise not_found("Job", call.name)
        properties = {"jobType": "Pipeline", "status": "Completed", "experimentName": "Default"}
        shown = {"id": f"{self._store.id}/jobs/{call.name}", "name": call.name}
        kind = "Microsoft.MachineLearningServices/workspaces/jobs"
        return answer(200, {**shown, "type": kind, "properties": properties})

    def _workspace(self, call: Call) -> Answer:
        shown = {"id": self._store.id, "name": self._settings.workspace}
        kind = "Microsoft.MachineLearningServices/workspaces"
        place = {"location": self._settings.region, "properties": {}}
        return answer(200, {**shown, "type": kind, **place})

    # ------------------------------------------------------------------------------ the contract

    def _held(self, kind: str, call: Call, given: Answer) -> Answer:
        """The answer, if it keeps to the contract."""
        self._keep_to(kind, call, json.loads(given.body))
        return given

    def _keep_to(self, kind: str, call: Call, body: object) -> None:
        wrong = self._contract.broken(kind, f"{call.method} {call.path} ({kind})", body)
        if wrong is not None:
            raise arm(500, "ContractBroken", wrong)


def _place_in(token: str | None) -> int:
    """The place that a page ends at; the token is nobody's business but the service's."""
    if token is None:
        return 0
    try:
        word, _, number = base64.urlsafe_b64decode(token).decode().partition(" ")
        if word == "after":
            return int(number)
    except ValueError:
        pass
    raise arm(400, "BadRequest", "The continuation token is not valid")
