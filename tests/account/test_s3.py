"""S3 refuses what AWS refuses, and keeps what it is given."""

from __future__ import annotations

import base64
import urllib.request
import zlib

from .conftest import Account, refused


def test_if_none_match_refuses_to_overwrite(account: Account) -> None:
    account.seed(bucket="b-state")
    put = {"Bucket": "b-state", "Key": "k", "Body": b"{}", "IfNoneMatch": "*"}
    account.s3.put_object(**put)
    refused("PreconditionFailed", account.s3.put_object, **put)


def test_if_match_refuses_another_version_and_a_missing_object(account: Account) -> None:
    account.seed(bucket="b-state")
    put = {"Bucket": "b-state", "Key": "k"}
    first = account.s3.put_object(**put, Body=b"1")["ETag"]
    second = account.s3.put_object(**put, Body=b"2", IfMatch=first)["ETag"]
    refused("PreconditionFailed", account.s3.put_object, **put, Body=b"3", IfMatch=first)
    account.s3.delete_object(**put)
    refused("NoSuchKey", account.s3.put_object, **put, Body=b"3", IfMatch=second)


def test_versions_are_kept(account: Account) -> None:
    account.seed(bucket="b-state")
    version = account.s3.put_object(Bucket="b-state", Key="k", Body=b"old")["VersionId"]
    account.s3.put_object(Bucket="b-state", Key="k", Body=b"new")
    assert account.s3.get_object(Bucket="b-state", Key="k", VersionId=version)["Body"].read() == b"old"
    assert account.s3.get_object(Bucket="b-state", Key="k")["Body"].read() == b"new"


def test_checksums_in_trailers_are_not_part_of_the_object(account: Account) -> None:
    account.seed(bucket="b-state")
    body = b'{"a": 1}'
    trailer = b"x-amz-checksum-crc32:" + base64.b64encode(zlib.crc32(body).to_bytes(4, "big"))
    chunked = b"%x\r\n%s\r\n0\r\n%s\r\n\r\n" % (len(body), body, trailer)
    headers = {
        "authorization": f"AWS4-HMAC-SHA256 Credential=AKIA{account.id}/20260101/us-east-1/s3/aws4_request, Signature=0",
        "content-encoding": "aws-chunked",
        "content-type": "application/octet-stream",
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-decoded-content-length": str(len(body)),
        "x-amz-trailer": "x-amz-checksum-crc32",
    }
    url = f"{account.endpoint}/b-state/a%20b/c.json?x-id=PutObject"
    urllib.request.urlopen(urllib.request.Request(url, chunked, headers, method="PUT"), timeout=5).close()
    got = account.s3.get_object(Bucket="b-state", Key="a b/c.json", ChecksumMode="ENABLED")
    assert got["Body"].read() == body
    assert account.calls()[0]["resource"] == "b-state/a b/c.json"


def test_bucket_names_of_two_accounts_do_not_meet(account: Account, endpoint: str) -> None:
    other = Account(endpoint)
    for each in (account, other):
        each.seed(bucket="same-name")
        each.s3.put_object(Bucket="same-name", Key="k", Body=each.id.encode())
    assert account.s3.get_object(Bucket="same-name", Key="k")["Body"].read() == account.id.encode()
