"""Fills an account from a declarative description of a project.

Every keyword argument below is a field of the description; an unknown field is an error that names it. `{account}`
in any text stands for the account's id.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from . import autoscaling as scaling
from . import cloudwatch, functions, kinesis, moto_bridge, sagemaker
from .app import execute_internally
from .state import Account

Tags = dict[str, str]
VERSIONING = b'<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>'


def seed(account: Account, project: dict[str, Any]) -> dict[str, Any]:
    """Create everything that is described; returns what a test needs to address it."""
    project = json.loads(json.dumps(project).replace("{account}", account.id))
    seeder = Seeder(account, project.pop("region", "us-east-1"))
    made: dict[str, Any] = {"account": account.id, "region": seeder.region}
    with account.lock:
        # In this order, because alarms notify the topic and mappings read from streams, tables and queues.
        for kind, make in (
            ("bucket", seeder.bucket), ("topic", seeder.topic), ("queues", seeder.queue), ("streams", seeder.stream),
            ("tables", seeder.table), ("functions", seeder.function), ("endpoints", seeder.endpoint),
            ("alarms", seeder.alarm),
        ):  # fmt: skip
            described = project.pop(kind, [])
            for item in described if isinstance(described, list) else [described]:
                fields = {"name": item} if isinstance(item, str) else item
                try:
                    made[kind] = make(**fields) or made.get(kind)
                except Exception as error:
                    raise ValueError(f"{kind} {fields.get('name')!r}: {type(error).__name__}: {error}") from error
    if project:
        raise ValueError(f"unknown parts of the description: {', '.join(project)}")
    return {key: value for key, value in made.items() if value is not None}


def _tag_list(tags: Tags | None) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in (tags or {}).items()]


@dataclass
class Seeder:
    account: Account
    region: str
    topic_arn: str = ""

    def _call(self, service: str, operation: str, **params: Any) -> dict[str, Any]:
        return execute_internally(self.account, self.region, service, operation, params)

    def _arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account.id}:{resource}"

    def _backend(self, service: str) -> Any:
        return moto_bridge.backend(service, self.account.id, self.region)

    def _rest(self, service: str, method: str, path: str, query: str = "", body: bytes = b"") -> dict[str, Any]:
        response = moto_bridge.call_rest(self.account.id, self.region, service, method, path, query, body)
        if response.status >= 400:
            raise ValueError(f"{service} {method} {path}: {response.status} {response.body.decode()}")
        return json.loads(response.body or b"{}") if service == "lambda" else {}

    def bucket(self, *, name: str, versioned: bool = True) -> str:
        self._rest("s3", "PUT", f"/{name}")
        if versioned:
            self._rest("s3", "PUT", f"/{name}", "versioning", VERSIONING)
        return name

    def topic(self, *, name: str, tags: Tags | None = None) -> str:
        """A topic, a mailbox `{name}-email`, and a queue `{name}-json` that gets what other protocols get."""
        sns = self._backend("sns")
        self.topic_arn = sns.create_topic(name, tags=_tag_list(tags)).arn
        for queue in (f"{name}-email", f"{name}-json"):
            self.queue(name=queue)
        subscription = sns.subscribe(self.topic_arn, self._arn("sqs", f"{name}-json"), "sqs")
        subscription.attributes["RawMessageDelivery"] = "true"
        return self.topic_arn

    def queue(self, *, name: str) -> None:
        self._backend("sqs").create_queue(name)

    def stream(
        self,
        *,
        name: str,
        shards: int = 1,
        mode: str = "PROVISIONED",
        retention_hours: int = 24,
        tags: Tags | None = None,
        consumers: list[str] | None = None,
    ) -> None:
        streams = kinesis.backend(self.account, self.region)
        stream = streams.create_stream(name, shards, {"StreamMode": mode}, retention_hours)
        stream.tags.update(tags or {})
        for consumer in consumers or []:
            streams.register_stream_consumer(stream.arn, consumer)

    def table(
        self,
        *,
        name: str,
        billing: str = "PAY_PER_REQUEST",
        read: int = 5,
        write: int = 5,
        indexes: list[dict[str, Any]] | None = None,
        items: int = 0,
        tags: Tags | None = None,
    ) -> None:
        def throughput(read: int, write: int) -> dict[str, Any]:
            if billing != "PROVISIONED":
                return {}
            return {"ProvisionedThroughput": {"ReadCapacityUnits": read, "WriteCapacityUnits": write}}

        key = {"KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}
        params: dict[str, Any] = {
            "TableName": name,
            "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
            "BillingMode": billing,
            "Tags": _tag_list(tags),
            **key,
            **throughput(read, write),
        }
        if indexes:
            params["GlobalSecondaryIndexes"] = [
                {"IndexName": i["name"], "Projection": {"ProjectionType": "ALL"}, **key}
                | throughput(i.get("read", read), i.get("write", write))
                for i in indexes
            ]
        self._call("dynamodb", "CreateTable", **params)
        for number in range(items):
            self._call("dynamodb", "PutItem", TableName=name, Item={"id": {"S": str(number)}})

    def function(
        self,
        *,
        name: str,
        reserved: int | None = None,
        memory: int = 128,
        timeout: int = 3,
        architecture: str = "x86_64",
        tags: Tags | None = None,
        environment: dict[str, str] | None = None,
        versions: int = 0,
        aliases: dict[str, str] | None = None,
        provisioned: dict[str, int] | None = None,
        mappings: list[dict[str, Any]] | None = None,
        on_failure: str | None = None,
        dead_letter: str | None = None,
        recursive_loop: str | None = None,
        master_arn: str | None = None,
    ) -> None:
        function = functions.create(
            self.account,
            self.region,
            {
                "FunctionName": name,
                "MemorySize": memory,
                "Timeout": timeout,
                "Architectures": [architecture],
                "Tags": tags or {},
                "Environment": {"Variables": environment or {}},
            },
        )
        function.reserved_concurrency = reserved
        base = f"/2015-03-31/functions/{name}"
        for _ in range(versions):
            function.code_or_config_updated = True  # else nothing new would be published
            self._rest("lambda", "POST", f"{base}/versions", body=b"{}")
        for alias, version in (aliases or {}).items():
            body = json.dumps({"Name": alias, "FunctionVersion": version}).encode()
            self._rest("lambda", "POST", f"{base}/aliases", body=body)
        state = self.account.state(functions.Functions)
        for qualifier, count in (provisioned or {}).items():
            state.provisioned[name, qualifier] = functions.Provisioned(count, self.account.now(), 0)
        for mapping in mappings or []:
            self._mapping(name, **mapping)
        if on_failure:
            body = json.dumps({"DestinationConfig": {"OnFailure": {"Destination": on_failure}}}).encode()
            self._rest("lambda", "PUT", f"/2019-09-25/functions/{name}/event-invoke-config", body=body)
        if dead_letter:
            state.fields[name] = {"DeadLetterConfig": {"TargetArn": dead_letter}}
        if master_arn:
            state.fields[name] = state.fields.get(name, {}) | {"MasterArn": master_arn}
        if recursive_loop:
            state.recursion[name] = recursive_loop

    def _mapping(
        self,
        function: str,
        *,
        stream: str | None = None,
        queue: str | None = None,
        table: str | None = None,
        enabled: bool = True,
        batch_size: int | None = None,
    ) -> None:
        if stream:
            source = self._arn("kinesis", f"stream/{stream}")
        elif queue:
            source = self._arn("sqs", queue)
        else:
            source = self._table_stream(str(table))
        spec = {"FunctionName": function, "EventSourceArn": source, "Enabled": enabled, "BatchSize": batch_size}
        functions.backend(self.account, self.region).create_event_source_mapping(spec)

    def _table_stream(self, table: str) -> str:
        specification = {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
        self._call("dynamodb", "UpdateTable", TableName=table, StreamSpecification=specification)
        return self._call("dynamodb", "DescribeTable", TableName=table)["Table"]["LatestStreamArn"]

    def alarm(
        self,
        *,
        name: str,
        actions_enabled: bool = True,
        composite: str | None = None,
        log: str | None = None,
        actions: list[str] | None = None,
        namespace: str = "AWS/Lambda",
        metric: str = "Errors",
        dimensions: dict[str, str] | None = None,
        period: int = 300,
        threshold: float = 1.0,
        tags: Tags | None = None,
    ) -> None:
        common = {
            "AlarmName": name,
            "ActionsEnabled": actions_enabled,
            "AlarmActions": [self.topic_arn or self._arn("sns", "alerts")] if actions is None else actions,
        }
        if composite:
            self._call("cloudwatch", "PutCompositeAlarm", AlarmRule=composite, **common)
        elif log:
            self._call(
                "cloudwatch", "PutLogAlarm", ComparisonOperator="GreaterThanThreshold", Threshold=float(threshold),
                QueryResultsToEvaluate=1, QueryResultsToAlarm=1,
                ScheduledQueryConfiguration={
                    "QueryString": "fields @message", "LogGroupIdentifiers": [log],
                    "ScheduleConfiguration": {"ScheduleExpression": "rate(5 minutes)"},
                    "AggregationExpression": "stats count(*)",
                    "ScheduledQueryRoleARN": f"arn:aws:iam::{self.account.id}:role/logs",
                },
                **common,
            )  # fmt: skip
        else:
            self._call(
                "cloudwatch", "PutMetricAlarm", Namespace=namespace, MetricName=metric, Statistic="Sum",
                Dimensions=[{"Name": key, "Value": value} for key, value in (dimensions or {}).items()],
                Period=period, EvaluationPeriods=1, Threshold=float(threshold),
                ComparisonOperator="GreaterThanOrEqualToThreshold", **common,
            )  # fmt: skip
        self.account.state(cloudwatch.Alarms).tags[self._arn("cloudwatch", f"alarm:{name}")] = dict(tags or {})

    def endpoint(
        self,
        *,
        name: str,
        config: str | None = None,
        model: str | None = None,
        variants: list[dict[str, Any]] | None = None,
        tags: Tags | None = None,
        deployment_config: dict[str, Any] | None = None,
        config_fields: dict[str, Any] | None = None,
        autoscaling: list[dict[str, Any]] | None = None,
        inference_components: list[str] | None = None,
        status: str = "InService",
        failure_reason: str | None = None,
    ) -> None:
        """An endpoint with its configuration and models. `config_fields` go into CreateEndpointConfig as they are."""
        config, model = config or f"{name}-config", model or f"{name}-model"
        hosting = self.account.state(sagemaker.Hosting)
        described = [_variant(**{"model": model, **variant}) for variant in variants or [{}]]
        shadows = (config_fields or {}).get("ShadowProductionVariants", [])
        for needed in {v["ModelName"] for v in [*(d["config"] for d in described), *shadows] if "ModelName" in v}:
            if needed not in hosting.models:
                role = f"arn:aws:iam::{self.account.id}:role/model"
                self._call("sagemaker", "CreateModel", ModelName=needed, ExecutionRoleArn=role, PrimaryContainer={})
        if config not in hosting.configs:
            fields = {"EndpointConfigName": config, "ProductionVariants": [d["config"] for d in described]}
            self._call("sagemaker", "CreateEndpointConfig", **fields, **(config_fields or {}))
        create = {"EndpointName": name, "EndpointConfigName": config}
        if deployment_config:
            rollback = deployment_config.get("AutoRollbackConfiguration") or {}
            for alarm in rollback.get("Alarms", []):
                if alarm["AlarmName"] not in self.account.state(cloudwatch.Alarms).alarms:
                    self.alarm(name=alarm["AlarmName"])
            create["DeploymentConfig"] = deployment_config  # type: ignore[assignment]
        self._call("sagemaker", "CreateEndpoint", **create)
        endpoint = hosting.endpoints[name.lower()]
        endpoint.ends = endpoint.created
        sagemaker.settled(self.account)
        for variant, about in zip(endpoint.variants, described, strict=True):
            variant.update(about["running"])
        hosting.tags[endpoint.arn] = dict(tags or {})
        for target in autoscaling or []:
            self._target(f"endpoint/{name}/variant/", **target)
        for component in inference_components or []:
            hosting.components.append(
                {
                    "InferenceComponentName": component,
                    "InferenceComponentArn": self._arn("sagemaker", f"inference-component/{component}"),
                    "EndpointName": name,
                    "EndpointArn": endpoint.arn,
                    "VariantName": endpoint.variants[0]["VariantName"],
                    "InferenceComponentStatus": "InService",
                    "CreationTime": endpoint.created,
                    "LastModifiedTime": endpoint.created,
                }
            )
        endpoint.status, endpoint.failure_reason = status, failure_reason

    def _target(
        self,
        prefix: str,
        *,
        variant: str = "AllTraffic",
        dimension: str = "sagemaker:variant:DesiredInstanceCount",
        min: int = 1,
        max: int = 2,
        suspended: dict[str, bool] | None = None,
        policies: list[dict[str, Any]] | None = None,
        scheduled_actions: list[dict[str, Any]] | None = None,
        tags: Tags | None = None,
        role: str | None = None,
    ) -> None:
        """A scalable target. Policies and scheduled actions are the parameters of their Put operations; a step policy
        may have `alarms` besides, which set it off. `role`: one of the time before the service had its own."""
        target = {"ServiceNamespace": "sagemaker", "ResourceId": prefix + variant, "ScalableDimension": dimension}
        self._call(
            "application-autoscaling", "RegisterScalableTarget",
            **target, MinCapacity=min, MaxCapacity=max, SuspendedState=suspended or {}, Tags=tags or {},
        )  # fmt: skip
        if role:
            self.account.state(scaling.Scaling).targets[tuple(target.values())]["RoleARN"] = role
        for policy in policies or []:
            alarms = policy.pop("alarms", [])
            made = self._call("application-autoscaling", "PutScalingPolicy", **target, **policy)
            for alarm in alarms:
                self.alarm(name=alarm, actions=[made["PolicyARN"]])
        for action in scheduled_actions or []:
            self._call("application-autoscaling", "PutScheduledAction", **target, **action)


def _variant(
    *,
    model: str,
    name: str = "AllTraffic",
    instance_type: str = "ml.m5.large",
    initial_instance_count: int = 1,
    initial_weight: float = 1.0,
    current_instance_count: int | None = None,
    current_weight: float | None = None,
    serverless: dict[str, int] | None = None,
    current_serverless: dict[str, int] | None = None,
    managed_instance_scaling: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A variant as its configuration describes it, and what of it runs differently."""
    config: dict[str, Any] = {"VariantName": name, "ModelName": model, "InitialVariantWeight": float(initial_weight)}
    if serverless:
        config["ServerlessConfig"] = serverless
    else:
        config |= {"InstanceType": instance_type, "InitialInstanceCount": initial_instance_count}
    if managed_instance_scaling:
        config["ManagedInstanceScaling"] = managed_instance_scaling
    running: dict[str, Any] = {}
    if current_instance_count is not None:
        running |= dict.fromkeys(("CurrentInstanceCount", "DesiredInstanceCount"), current_instance_count)
    if current_weight is not None:
        running |= dict.fromkeys(("CurrentWeight", "DesiredWeight"), float(current_weight))
    if current_serverless is not None:
        running |= {key: dict(current_serverless) for key in ("CurrentServerlessConfig", "DesiredServerlessConfig")}
    return {"config": config, "running": running}
