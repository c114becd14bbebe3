"""Put our alarms in the place of MiniStack's, which look at one value of every metric of a name."""

from localcloud.emulator import upstream
from localcloud.emulator.alarms.api import MetricData, put_metric_alarm
from localcloud.emulator.alarms.evaluator import Evaluator
from localcloud.emulator.alarms.front import CloudWatchFront


def install(evaluator: Evaluator) -> None:
    """Route alarms' making, evaluation and actions here."""
    cloudwatch = upstream.cloudwatch
    cloudwatch._put_metric_alarm = put_metric_alarm
    cloudwatch._get_metric_data = MetricData(cloudwatch._get_metric_data)
    # PutMetricData and PutMetricAlarm evaluate nothing on AWS either: alarms look at whole periods.
    cloudwatch._evaluate_alarm = lambda _alarm: None
    cloudwatch._evaluate_all_alarms = lambda: None
    cloudwatch._dispatch_alarm_actions = evaluator.actions
    upstream.app.SERVICE_HANDLERS["monitoring"] = CloudWatchFront(cloudwatch.handle_request).handle
