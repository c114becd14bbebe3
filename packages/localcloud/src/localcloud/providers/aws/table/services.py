"""What the rows of one service have in common: how it takes tags."""

from localcloud.providers.aws.resource_type import TagApi
from localcloud.providers.values import Values


def _identity(name: str) -> TagApi:
    """IAM tags each kind of object with operations of its own."""
    member = {"Policy": "PolicyArn"}.get(name, f"{name}Name")

    def keys(state: Values) -> Values:
        return {member: state["id"]}

    return TagApi(
        member="Tags",
        tag=f"Tag{name}",
        untag=f"Untag{name}",
        keys=keys,
        tag_member="Tags",
        untag_member="TagKeys",
        read=f"List{name}Tags",
        read_result="Tags",
        key="Key",
        value="Value",
    )


def ec2_tags(resource_type: str) -> TagApi:
    """EC2 takes tags in `TagSpecifications` and returns them with every description."""
    return TagApi(
        ec2_type=resource_type,
        tag="CreateTags",
        untag="DeleteTags",
        keys=lambda state: {"Resources": [state["id"]]},
        tag_member="Tags",
        untag_member="Tags",
        read_result="Tags",
        key="Key",
        value="Value",
        untag_wrap=True,
    )


def by_resource_arn(read_result: str = "Tags") -> TagApi:
    """The most common form of newer services: `ResourceARN`, `Tags`, `TagKeys`."""
    return TagApi(
        member="Tags",
        keys=lambda state: {"ResourceARN": state["arn"]},
        tag_member="Tags",
        untag_member="TagKeys",
        read="ListTagsForResource",
        read_result=read_result,
        key="Key",
        value="Value",
    )


ECS_TAGS = TagApi()
ECR_TAGS = TagApi(key="Key", value="Value", read="ListTagsForResource")
ROLE_TAGS = _identity("Role")
POLICY_TAGS = _identity("Policy")
INSTANCE_PROFILE_TAGS = _identity("InstanceProfile")
LOGS_TAGS = TagApi(key="", read="ListTagsForResource")
ELB_TAGS = TagApi(
    member="Tags",
    tag="AddTags",
    untag="RemoveTags",
    keys=lambda state: {"ResourceArns": [state["id"]]},
    tag_member="Tags",
    untag_member="TagKeys",
    read="DescribeTags",
    read_result="TagDescriptions[0].Tags",
    key="Key",
    value="Value",
)
