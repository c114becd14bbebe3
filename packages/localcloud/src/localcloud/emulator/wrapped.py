"""Everything of MiniStack that we replace, by name, with a fingerprint of the source we know.

MiniStack's version is pinned. When it is raised, the test of this table says which of these functions changed: read the
change, adapt the module named in the third column, and renew the fingerprint (`python -m localcloud.emulator.wrapped`).
"""

import hashlib
import inspect
from dataclasses import dataclass

from localcloud.emulator import upstream


@dataclass(frozen=True)
class Wrapped:
    """One function of MiniStack.

    Args:
        module: Attribute of `upstream`.
        function: Its name there.
        ours: The module that takes its place or relies on how it works.
        fingerprint: The first 12 hex digits of the SHA-256 of its source.
    """

    module: str
    function: str
    ours: str
    fingerprint: str

    def current(self) -> str:
        """The fingerprint of the installed function."""
        source = inspect.getsource(getattr(getattr(upstream, self.module), self.function))
        return hashlib.sha256(source.encode()).hexdigest()[:12]


WRAPPED = (
    Wrapped("ecs", "_run_task", "ecs.task_run", "6e96d8f5a5b8"),
    Wrapped("ecs", "_run_task_worker", "ecs.task_run", "54033632b372"),
    Wrapped("ecs", "_build_task_containers", "ecs.task_run", "aff7f8cad52d"),
    Wrapped("ecs", "_maybe_mark_stopped", "ecs.task_run", "c9797b050da2"),
    Wrapped("ecs", "_get_docker", "ecs.task_run", "a161d31a7eef"),
    Wrapped("ecs", "_register_metadata", "ecs.environment", "7778fecfed8b"),
    Wrapped("ssm", "resolve_parameter_value", "ecs.secret_values", "2ec29b9fcbad"),
    Wrapped("secretsmanager", "resolve_secret_string", "ecs.secret_values", "2d38fc5804f4"),
    Wrapped("ecs", "_register_task_definition", "ecs.task_definitions", "824afe19e6a1"),
    Wrapped("ecs", "_create_service", "ecs.service_api", "8bc82a13551c"),
    Wrapped("ecs", "_update_service", "ecs.service_api", "bde69c11b50d"),
    Wrapped("ecs", "_delete_service", "ecs.service_api", "3f32aa017e1f"),
    Wrapped("ecs", "_stop_task", "ecs.service_api", "06eb83088bbc"),
    Wrapped("ecs", "_put_cluster_capacity_providers", "ecs.capacity", "97a4fead4e36"),
    Wrapped("ecs", "_launch_choice", "ecs.service_api", "1a004f8f789b"),
    Wrapped("ecs", "_task_capacity", "ecs.service_api", "ed0b66eb4980"),
    Wrapped("ecs", "_resolve_task", "ecs.service_api", "8656d47efbba"),
    Wrapped("ecs", "_resolve_service_ref", "ecs.service_api", "d6ffb73953dc"),
    Wrapped("ecs", "_resolve_cluster_name", "ecs.service_api", "10edde4eb14f"),
    Wrapped("ecs", "_resolve_td_key", "ecs.service_api", "0cd4ac5c23ce"),
    Wrapped("ecs", "_sanitize", "ecs.service_api", "f41cdce9258f"),
    Wrapped("ecs", "_describe_service_deployments", "ecs.service_api", "63c1f1467a7f"),
    Wrapped("ecs", "_list_service_deployments", "ecs.service_api", "d971b80772fb"),
    Wrapped("ecs", "_describe_service_revisions", "ecs.service_api", "f0062397dddb"),
    Wrapped("ecs", "_finalize_ecs_response", "ecs.service_api", "a170c0926eb3"),
    Wrapped("ecs", "_reconcile_service_tasks", "ecs.scheduler", "16e4d03cbf75"),
    Wrapped("ecs", "_sync_service_targets", "ecs.scheduler", "54c6f0448b05"),
    Wrapped("ecs", "_refresh_service_state", "ecs.scheduler", "5dcadfc2dcdd"),
    Wrapped("ecs", "_complete_service_deployment", "ecs.scheduler", "4472ae6823d0"),
    Wrapped("ecs", "_record_service_task_failure", "ecs.scheduler", "1f0fff5d229f"),
    Wrapped("ecs", "_recount_cluster", "ecs.scheduler", "3df63f5702ba"),
    Wrapped("logs", "_put_log_events", "ecs.awslogs", "acd4fda33a38"),
    Wrapped("logs", "_create_log_stream", "ecs.awslogs", "99fc231b9677"),
    Wrapped("logs", "_create_log_group", "ecs.awslogs", "ce6fd1931ae9"),
    Wrapped("alb", "set_targets_for_group", "install", "72b06370418a"),
    Wrapped("alb", "_transforms_problem", "alb.rules_api", "9ab246ddd48b"),
    Wrapped("tagging", "_get_resources", "install", "6c282b6fd196"),
    Wrapped("ec2", "_create_subnet", "vpc.checks", "607e159b1f48"),
    Wrapped("ec2", "_delete_subnet", "vpc.checks", "dbc56de26456"),
    Wrapped("ec2", "_delete_security_group", "vpc.checks", "769ce93213d7"),
    Wrapped("ec2", "_delete_route_table", "vpc.checks", "2a8afa716786"),
    Wrapped("ec2", "_delete_internet_gateway", "vpc.checks", "b43decd64e70"),
    Wrapped("ec2", "_detach_internet_gateway", "vpc.checks", "5dfc6f4c2d67"),
    Wrapped("ec2", "_delete_vpc", "vpc.checks", "b463fa2c2e6e"),
    Wrapped("ec2", "_parse_ip_permissions", "vpc.checks", "7c2dbe7668af"),
    Wrapped("cloudwatch", "_store_datum", "metrics.store", "e0194e701d56"),
    Wrapped("cloudwatch", "_dims_key", "metrics.store", "a304eb3ef986"),
    Wrapped("cloudwatch", "_calc_stats", "metrics.store", "889e1bfc89dc"),
    Wrapped("cloudwatch", "_stat_value", "metrics.store", "cfaad9598233"),
    Wrapped("cloudwatch", "_evict_old_metrics", "metrics.store", "cf47bc1522ad"),
    Wrapped("cloudwatch", "_put_metric_alarm", "alarms.api", "953a67ff4bb1"),
    Wrapped("cloudwatch", "_get_metric_data", "alarms.api", "bf6a8e1132a2"),
    Wrapped("cloudwatch", "_alarm_tags_refusal", "alarms.api", "049cd6ca61fd"),
    Wrapped("cloudwatch", "_set_alarm_state", "alarms.evaluator", "0fa9fef3bd18"),
    Wrapped("cloudwatch", "handle_request", "alarms.front", "0e8a6c92a042"),
    Wrapped("cloudwatch", "_parse_ts", "alarms.refusals", "f948ba95e7cf"),
    Wrapped("cloudwatch", "_evaluate_alarm", "alarms.install", "a0b0acd3d432"),
    Wrapped("cloudwatch", "_evaluate_all_alarms", "alarms.install", "f83f88e57f1c"),
    Wrapped("cloudwatch", "_dispatch_alarm_actions", "alarms.evaluator", "fcf47c0d1e6e"),
    Wrapped("cloudwatch", "_evaluate_parent_alarms", "alarms.evaluator", "24a65a9e43d5"),
    Wrapped("cloudwatch", "_record_history", "alarms.evaluator", "c5890b06e5c8"),
    Wrapped("cloudwatch", "cloudformation_delete_metric_alarm", "alarms.records", "9e51067c38cd"),
    Wrapped("sns", "_fanout", "alarms.evaluator", "984cdd91d64a"),
    Wrapped("route53", "_create_hosted_zone", "cloud_map.hosted_zones", "47c692cf4062"),
    Wrapped("route53", "_delete_hosted_zone", "cloud_map.hosted_zones", "9d2060032e97"),
    Wrapped("eventbridge", "_put_events", "event_bus", "ebcda0f38061"),
    Wrapped("eventbridge", "_dispatch_to_sns", "event_bus", "72c921fe20b6"),
    Wrapped("sns", "topic_policy_for_arn", "event_bus", "6bf0adcea369"),
    Wrapped("sns", "_subscribe", "notifications", "db260c543268"),
    Wrapped("sns", "_get_topic", "notifications", "22e9d7ebd853"),
    Wrapped("sns", "_http_post_sync", "notifications", "82c13af9f175"),
    Wrapped("ecr", "_repo_uri", "install", "a66aef5315e8"),
    Wrapped("ecr", "_get_authorization_token", "install", "92111f2ea183"),
    Wrapped("ecr", "handle_request", "ecr.api", "492f992e404d"),
    Wrapped("ecr", "_find_image", "ecr.images", "2f2a20563833"),
    Wrapped("ecr", "_v2_put_manifest", "ecr.install", "61f30e54dc20"),
    Wrapped("ecr", "handle_registry_request", "ecr.install", "8d092cb90854"),
    Wrapped("ecr", "_parse_v2_path", "ecr.install", "170c890b495b"),
    Wrapped("ecr", "_select_registry_request_scope", "ecr.install", "a5c44cbaebe0"),
    Wrapped("ecr", "_v2_start_blob_upload", "ecr.install", "06f3ddabc12c"),
    Wrapped("ecr", "_repo_shape", "ecr.install", "7bebcc19d387"),
    Wrapped("ecr", "_delete_repository", "ecr.api", "b857eb9bcb4f"),
)


def main() -> None:
    """Print the table with the installed functions' fingerprints."""
    for entry in WRAPPED:
        values = (entry.module, entry.function, entry.ours, entry.current())
        print("    Wrapped({}),".format(", ".join(f'"{value}"' for value in values)))  # noqa: T201  its purpose


if __name__ == "__main__":
    main()
