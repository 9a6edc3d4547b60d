"""An external task as the dialect writes it."""

from __future__ import annotations

from typing import Any

from app.integration.engine_rest.wire import activity_instance_id, execution_id, moment_out
from app.processes.external.models import ExternalTask


def shape(task: ExternalTask, definition_id: str, *, suspended: bool) -> dict[str, Any]:
    """All but variables and error details."""
    return {
        "id": task.id,
        "topicName": task.topic,
        "workerId": task.worker_id,
        "lockExpirationTime": moment_out(task.lock_expires_at),
        "activityId": task.element_id,
        "activityInstanceId": activity_instance_id(task.element_id, task.instance_id, task.token),
        "executionId": execution_id(task.instance_id, task.token),
        "processInstanceId": task.instance_id,
        "processDefinitionId": definition_id,
        "processDefinitionKey": task.definition_key,
        "processDefinitionVersionTag": task.version_tag,
        "businessKey": task.business_key,
        "tenantId": None,
        "retries": task.retries,
        "priority": task.priority,
        "suspended": suspended,
        "errorMessage": task.error_message,
        "createTime": moment_out(task.created_at),
    }
