"""The comparison at the end of the demo is worth what it can see."""

from __future__ import annotations

from .compare import compared, differences

ACCOUNT = {
    "streams": {"s": {"shards": 2, "tags": {"Owner": "a"}}},
    "functions": {"f": {"reserved": None, "mappings": [{"Enabled": True}]}, "g": {"reserved": 0}},
}


def test_an_account_is_identical_to_itself() -> None:
    assert differences(ACCOUNT, ACCOUNT) == []


def test_every_change_is_named_with_its_path() -> None:
    after = {
        "streams": {"s": {"shards": 1, "tags": {}}},
        "functions": {"f": {"reserved": 0, "mappings": [{"Enabled": False}]}, "h": {"reserved": None}},
    }
    assert differences(ACCOUNT, after) == [
        "streams/s/shards: was 2, is 1",
        "streams/s/tags/Owner: was 'a', is (not there)",
        "functions/f/reserved: was None, is 0",
        "functions/f/mappings/0/Enabled: was True, is False",
        "functions/g: was {'reserved': 0}, is (not there)",
        "functions/h: was (not there), is {'reserved': None}",
    ]


def test_a_list_of_another_length_is_a_change() -> None:
    assert differences({"a": [1]}, {"a": [1, 1]}) == ["a: was [1], is [1, 1]"]


def test_what_was_compared_is_counted() -> None:
    assert compared(ACCOUNT) == [["streams", "1", "2", "1"], ["functions", "2", "3", "0"]]
