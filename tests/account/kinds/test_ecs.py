"""ECS behaves as AWS's does."""

from __future__ import annotations

import pytest

from ..conftest import Account, refused

WEB = {"cluster": "shop", "service": "web"}
TARGET = {
    "ServiceNamespace": "ecs",
    "ResourceId": "service/shop/web",
    "ScalableDimension": "ecs:service:DesiredCount",
}
SUSPENDED = dict.fromkeys(
    ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended"), True
)


def seed(account: Account, **fields: object) -> None:
    account.seed(services=[{"name": "web", "cluster": "shop", "desired": 2, **fields}])


def web(account: Account) -> dict:
    (service,) = account.ecs.describe_services(cluster="shop", services=["web"], include=["TAGS"])["services"]
    return service


def counts(account: Account) -> tuple[int, int, int]:
    service = web(account)
    return service["desiredCount"], service["runningCount"], service["pendingCount"]


def test_tasks_follow_the_desired_count_slowly(account: Account) -> None:
    seed(account)
    account.ecs.update_service(**WEB, desiredCount=0)
    assert counts(account) == (0, 2, 0)
    account.advance(1001)
    assert counts(account) == (0, 0, 0)
    account.ecs.update_service(**WEB, desiredCount=3)
    assert counts(account) == (3, 0, 3)
    account.advance(1001)
    assert counts(account) == (3, 3, 0)


def test_a_count_may_show_late(account: Account) -> None:
    account.settings(lagging_seconds=10)
    seed(account)
    account.ecs.update_service(**WEB, desiredCount=0)
    assert counts(account)[0] == 2
    account.advance(11)
    assert counts(account)[0] == 0


def test_a_daemon_has_no_desired_count(account: Account) -> None:
    seed(account, scheduling="DAEMON", launch_type="EC2")
    refused("InvalidParameterException", account.ecs.update_service, **WEB, desiredCount=0)
    assert counts(account)[:2] == (0, 2)


def test_a_service_that_was_deleted_drains_and_can_be_made_anew(account: Account) -> None:
    seed(account)
    created = web(account)["createdAt"]
    refused("InvalidParameterException", account.ecs.delete_service, **WEB)
    account.ecs.delete_service(**WEB, force=True)
    assert web(account)["status"] == "DRAINING"
    refused("ServiceNotActiveException", account.ecs.update_service, **WEB, desiredCount=1)
    account.advance(1001)
    assert web(account)["status"] == "INACTIVE"
    assert account.ecs.list_services(cluster="shop")["serviceArns"] == []
    account.ecs.create_service(cluster="shop", serviceName="web", taskDefinition="shop-web", desiredCount=1)
    assert web(account)["createdAt"] > created


def test_what_is_missing_is_told_in_its_own_way(account: Account) -> None:
    seed(account)
    answer = account.ecs.describe_services(cluster="shop", services=["web", "gone"])
    assert [service["serviceName"] for service in answer["services"]] == ["web"]
    assert [failure["reason"] for failure in answer["failures"]] == ["MISSING"]
    refused("ServiceNotFoundException", account.ecs.update_service, cluster="shop", service="gone", desiredCount=0)
    refused("ClusterNotFoundException", account.ecs.describe_services, cluster="gone", services=["web"])
    refused("ClusterNotFoundException", account.ecs.list_services, cluster="gone")


def test_ten_services_are_described_at_once_and_listed_on_a_page(account: Account) -> None:
    account.seed(services=[{"name": f"s{n}", "cluster": "shop"} for n in range(12)])
    names = [f"s{n}" for n in range(12)]
    refused("InvalidParameterException", account.ecs.describe_services, cluster="shop", services=names)
    assert len(account.ecs.list_services(cluster="shop")["serviceArns"]) == 10
    assert len(account.ecs.list_services(cluster="shop", maxResults=100)["serviceArns"]) == 12


def test_the_count_is_refused_while_another_controllers_deployment_is_under_way(account: Account) -> None:
    seed(account, controller="CODE_DEPLOY", task_sets=2)
    refused("InvalidParameterException", account.ecs.update_service, **WEB, desiredCount=0)
    account.control("PUT", "services/shop/web", {"task_sets": 1})
    account.ecs.update_service(**WEB, desiredCount=0)


def test_a_deployment_of_its_own_is_under_way_until_it_is_over(account: Account) -> None:
    seed(account)
    assert [d["rolloutState"] for d in web(account)["deployments"]] == ["COMPLETED"]
    account.ecs.update_service(**WEB, taskDefinition="shop-web")
    assert [d["status"] for d in web(account)["deployments"]] == ["PRIMARY", "ACTIVE"]
    assert web(account)["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    account.advance(1001)
    assert len(web(account)["deployments"]) == 1


def test_tasks_that_cannot_be_placed_are_told_in_an_event(account: Account) -> None:
    seed(account, hindrance="was unable to place a task.")
    account.ecs.update_service(**WEB, desiredCount=0)
    account.advance(1001)
    account.ecs.update_service(**WEB, desiredCount=2)
    account.advance(1001)
    assert counts(account) == (2, 0, 2)
    assert web(account)["events"][0]["message"] == "(service web) was unable to place a task."
    account.control("PUT", "services/shop/web", {"hindrance": None})
    assert counts(account) == (2, 2, 0)


@pytest.mark.parametrize("scale", [{"by": 1}, {"action": "day"}])
def test_scaling_brings_a_service_back_unless_it_is_suspended(account: Account, scale: dict) -> None:
    action = {
        "ScheduledActionName": "day",
        "Schedule": "cron(0 8 * * ? *)",
        "ScalableTargetAction": {"MinCapacity": 2},
    }
    seed(account, autoscaling={"min": 2, "max": 4, "scheduled_actions": [action]})
    account.ecs.update_service(**WEB, desiredCount=0)
    account.control("POST", "scaling", {"resource": TARGET["ResourceId"], **scale})
    assert counts(account)[0] == 2
    account.autoscaling.register_scalable_target(**TARGET, SuspendedState=SUSPENDED)
    account.ecs.update_service(**WEB, desiredCount=0)
    account.control("POST", "scaling", {"resource": TARGET["ResourceId"], **scale})
    assert counts(account)[0] == 0


def test_only_a_service_that_is_there_can_be_scaled(account: Account) -> None:
    account.seed(clusters=["shop"])
    register = account.autoscaling.register_scalable_target
    refused("ValidationException", register, **TARGET, MinCapacity=1, MaxCapacity=2)


def test_where_a_strategy_is_used_there_is_no_launch_type(account: Account) -> None:
    seed(account, strategy=[{"capacityProvider": "FARGATE_SPOT", "weight": 1}])
    assert "launchType" not in web(account)
    assert web(account)["capacityProviderStrategy"][0]["capacityProvider"] == "FARGATE_SPOT"


def test_an_arn_of_the_old_form_lacks_the_cluster(account: Account) -> None:
    seed(account, old_arn=True)
    (arn,) = account.ecs.list_services(cluster="shop")["serviceArns"]
    assert arn.endswith(":service/web")
    assert web(account)["clusterArn"].endswith(":cluster/shop")
