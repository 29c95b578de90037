"""The Price List Query API: GetProducts, over the products in prices/, which have the shape of AWS's answers.

https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .messages import AwsError, DropConnection
from .paging import page
from .service import Call, Service, Throttling

PRICES = Path(__file__).parent / "prices"
# Nowhere else is there such a host: a client of another region finds no address.
REGIONS = {"us-east-1", "eu-central-1", "ap-south-1"}
MAX_RESULTS = 100

# How a filter's value is compared with the product's. A list of values is separated by commas.
COMPARISONS: dict[str, Callable[[str | None, str], bool]] = {
    "TERM_MATCH": lambda value, wanted: value == wanted,
    "EQUALS": lambda value, wanted: value == wanted,
    "CONTAINS": lambda value, wanted: value is not None and wanted in value,
    "ANY_OF": lambda value, wanted: value in wanted.split(","),
    "NONE_OF": lambda value, wanted: value not in wanted.split(","),
}


@dataclass
class Product:
    """A product as AWS sends it, and the fields it can be filtered by."""

    text: str
    fields: dict[str, str]


@functools.cache
def products(service_code: str) -> list[Product] | None:
    """All products of a service; None if there is no such service."""
    file = PRICES / f"{service_code}.json"
    if not file.is_file():
        return None
    return [
        Product(
            json.dumps(item, separators=(",", ":")),
            {
                "ServiceCode": service_code,
                "productFamily": item["product"]["productFamily"],
                **item["product"]["attributes"],
            },
        )
        for item in json.loads(file.read_text())["products"]
    ]


def _refuse(message: str) -> AwsError:
    return AwsError("InvalidParameterException", message)


def _matches(product: Product, filters: list[dict[str, str]]) -> bool:
    return all(COMPARISONS[f["Type"]](product.fields.get(f["Field"]), f["Value"]) for f in filters)


def _filters(params: dict[str, Any]) -> list[dict[str, str]]:
    filters = params.get("Filters") or []
    for given in filters:
        if given.get("Type") not in COMPARISONS or not given.get("Field") or not isinstance(given.get("Value"), str):
            raise _refuse(f"Input Parameters are invalid. Filter {json.dumps(given)} is not valid")
    return filters


def get_products(call: Call) -> dict[str, Any]:
    """The products that all filters match, as JSON texts. That none does is no error."""
    if call.region not in REGIONS:
        raise DropConnection("NoEndpoint")
    params = call.params
    code = params.get("ServiceCode")
    if not code:
        raise _refuse("Input Parameters are invalid. serviceCode cannot be null or empty")
    if not re.fullmatch("[A-Za-z0-9]+", code):
        raise _refuse("ServiceCode can only contain a-z, A-Z, 0-9")
    if params.get("FormatVersion", "aws_v1") != "aws_v1":
        raise _refuse("Input Parameters are invalid. FormatVersion is not supported")
    size = params.get("MaxResults", MAX_RESULTS)
    if not 1 <= size <= MAX_RESULTS:
        raise _refuse(f"Input Parameters are invalid. MaxResults must be between 1 and {MAX_RESULTS}")
    known = products(code)
    if known is None:
        raise _refuse("Invalid ServiceCode")
    filters = _filters(params)
    found = [product.text for product in known if _matches(product, filters)]
    chosen, token = page(found, size, params.get("NextToken"), "InvalidNextTokenException")
    return {"FormatVersion": "aws_v1", "PriceList": chosen} | ({"NextToken": token} if token else {})


SERVICE = Service(
    "pricing",
    handlers={"GetProducts": get_products},
    own=True,
    names=("ServiceCode",),
    throttling=Throttling(aws={"*": {"rate": 5, "burst": 10}}),
)
