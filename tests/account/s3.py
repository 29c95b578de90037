"""S3: moto's as it is, addressed in path style."""

from __future__ import annotations

from .seed import Seeder
from .service import Ask, Call, Service, Throttling

VERSIONING = b'<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>'


def seed_bucket(seeder: Seeder, *, name: str, versioned: bool = True) -> str:
    seeder.rest("s3", "PUT", f"/{name}")
    if versioned:
        seeder.rest("s3", "PUT", f"/{name}", "versioning", VERSIONING)
    return name


def asks(call: Call) -> list[Ask]:
    return [Ask(f"s3:{call.operation}", f"arn:aws:s3:::{call.resource}")]


SERVICE = Service(
    "s3",
    protocol="rest-xml",
    throttling=Throttling("SlowDown", 503),
    seeds={"bucket": seed_bucket},
    asks=asks,
)
