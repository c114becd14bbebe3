"""Values that are not known in a preview yet, on their way into a request."""

from localcloud.providers.aws.models import input_shape
from localcloud.providers.aws.table.cloudwatch import METRIC_ALARM
from localcloud.providers.aws.table.ecs_services import SERVICE
from localcloud.providers.aws.wire import Encoder
from localcloud.providers.values import UNKNOWN


def test_a_map_with_one_unknown_entry_is_unknown_as_a_whole() -> None:
    shape = input_shape("cloudwatch", "PutMetricAlarm")
    query = {"id": "m", "metric": {"metricName": "RequestCount", "dimensions": {"LoadBalancer": UNKNOWN}}}

    request = Encoder(METRIC_ALARM).request({"name": "errors", "metricQueries": [query]}, shape)

    assert request["Metrics"][0]["MetricStat"]["Metric"]["Dimensions"] is UNKNOWN


def test_a_structure_that_is_unknown_takes_its_neighbours_with_it() -> None:
    shape = input_shape("ecs", "CreateService")
    inputs = {"name": "web", "deploymentConfiguration": UNKNOWN, "deploymentMaximumPercent": 200}

    request = Encoder(SERVICE).request(inputs, shape)

    assert request["deploymentConfiguration"] is UNKNOWN
