"""CloudWatch alarms behave as AWS's do."""

from __future__ import annotations

from ..conftest import Account, refused


def test_without_types_only_metric_alarms_come_back(account: Account) -> None:
    account.seed(alarms=[{"name": "m"}, {"name": "c", "composite": "ALARM(m)"}])
    answer = account.cloudwatch.describe_alarms()
    assert ([a["AlarmName"] for a in answer["MetricAlarms"]], answer["CompositeAlarms"]) == (["m"], [])
    answer = account.cloudwatch.describe_alarms(AlarmTypes=["CompositeAlarm"])
    assert ([a["AlarmRule"] for a in answer["CompositeAlarms"]], answer["MetricAlarms"]) == (["ALARM(m)"], [])


def test_actions_of_both_kinds_are_switched_and_unknown_names_passed_over(account: Account) -> None:
    account.seed(alarms=[{"name": "m"}, {"name": "c", "composite": "ALARM(m)"}])
    account.cloudwatch.disable_alarm_actions(AlarmNames=["m", "c", "unknown"])
    answer = account.cloudwatch.describe_alarms(AlarmTypes=["MetricAlarm", "CompositeAlarm"])
    assert not answer["MetricAlarms"][0]["ActionsEnabled"] and not answer["CompositeAlarms"][0]["ActionsEnabled"]
    account.cloudwatch.enable_alarm_actions(AlarmNames=["c"])
    answer = account.cloudwatch.describe_alarms(AlarmNames=["c", "m"], AlarmTypes=["CompositeAlarm"])
    assert answer["CompositeAlarms"][0]["ActionsEnabled"]


def test_log_alarms_are_listed_and_switched_like_the_others(account: Account) -> None:
    account.seed(alarms=[{"name": "l", "log": "/aws/lambda/work"}, {"name": "m"}])
    account.cloudwatch.disable_alarm_actions(AlarmNames=["l"])
    answer = account.cloudwatch.describe_alarms(AlarmTypes=["LogAlarm"])
    shown = [(alarm["AlarmName"], alarm["ActionsEnabled"]) for alarm in answer["LogAlarms"]]
    assert (shown, answer["MetricAlarms"]) == ([("l", False)], [])


def test_more_than_100_names_are_refused(account: Account) -> None:
    names = {"AlarmNames": [str(n) for n in range(101)]}
    refused("ValidationError", account.cloudwatch.disable_alarm_actions, **names)
    refused("ValidationError", account.cloudwatch.enable_alarm_actions, **names)
    refused("ValidationError", account.cloudwatch.describe_alarms, **names)


def test_alarms_are_listed_in_pages(account: Account) -> None:
    account.seed(alarms=[{"name": f"a{n:03d}"} for n in range(150)])
    first = account.cloudwatch.describe_alarms(MaxRecords=100)
    second = account.cloudwatch.describe_alarms(MaxRecords=100, NextToken=first["NextToken"])
    assert (len(first["MetricAlarms"]), len(second["MetricAlarms"])) == (100, 50)
    assert "NextToken" not in second


def test_an_alarm_comes_back_as_it_was_put(account: Account) -> None:
    alarm = {
        "AlarmName": "a", "Namespace": "N", "MetricName": "M", "Period": 60, "EvaluationPeriods": 2, "Threshold": 5.0,
        "ComparisonOperator": "GreaterThanThreshold", "Statistic": "Sum", "ActionsEnabled": False,
        "Dimensions": [{"Name": "d", "Value": "v"}], "AlarmActions": ["arn:aws:sns:us-east-1:1:t"],
    }  # fmt: skip
    account.cloudwatch.put_metric_alarm(**alarm, Tags=[{"Key": "k", "Value": "v"}])
    described = account.cloudwatch.describe_alarms(AlarmNames=["a"])["MetricAlarms"][0]
    assert alarm.items() <= described.items()
    tags = account.cloudwatch.list_tags_for_resource(ResourceARN=described["AlarmArn"])["Tags"]
    assert tags == [{"Key": "k", "Value": "v"}]


def test_iam_is_asked_about_each_alarm_that_a_call_names(account: Account) -> None:
    account.cloudwatch.disable_alarm_actions(AlarmNames=["a", "b"])
    account.cloudwatch.describe_alarms(AlarmNames=["a"])
    arn = f"arn:aws:cloudwatch:us-east-1:{account.id}"
    asked = [[(ask["action"], ask["resource"]) for ask in asks] for asks in account.asks()]
    disable, describe = "cloudwatch:DisableAlarmActions", "cloudwatch:DescribeAlarms"
    assert asked == [[(disable, f"{arn}:alarm:a"), (disable, f"{arn}:alarm:b")], [(describe, f"{arn}:any")]]
