"""Values that are not known in a preview yet, on their way into a request."""

from localcloud.providers.aws.models import input_shape
from localcloud.providers.aws.table.cloudwatch import METRIC_ALARM
from localcloud.providers.aws.wire import Encoder
from localcloud.providers.values import UNKNOWN


def test_a_map_with_one_unknown_entry_is_unknown_as_a_whole() -> None:
    shape = input_shape("cloudwatch", "PutMetricAlarm")
    query = {"id": "m", "metric": {"metricName": "RequestCount", "dimensions": {"LoadBalancer": UNKNOWN}}}

    request = Encoder(METRIC_ALARM).request({"name": "errors", "metricQueries": [query]}, shape)

    assert request["Metrics"][0]["MetricStat"]["Metric"]["Dimensions"] is UNKNOWN
