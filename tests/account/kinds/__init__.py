"""The kinds of resources: one line each, and all that the account knows of one stands in its file.

In the order in which a seed makes them: mappings read from streams and tables, and alarms come last.
"""

from . import cloudwatch, dynamodb, kinesis, lambda_, sagemaker

KINDS = (
    kinesis.SERVICE,
    dynamodb.SERVICE,
    lambda_.SERVICE,
    sagemaker.SERVICE,
    cloudwatch.SERVICE,
)
