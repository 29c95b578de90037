"""All services of the account. A seed makes their parts in this order."""

from __future__ import annotations

from . import autoscaling, pricing, s3, sns, sqs, tagging
from .kinds import KINDS
from .service import Services

SERVICES = Services(s3.SERVICE, sqs.SERVICE, sns.SERVICE, *KINDS, autoscaling.SERVICE, pricing.SERVICE, tagging.SERVICE)
