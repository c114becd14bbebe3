"""How one AWS resource type is described: the rows of the provider's table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from localcloud.providers.values import Values

if TYPE_CHECKING:
    from localcloud.providers.aws.context import Context

Keys = Callable[[Values], Values]
Hook = Callable[["Context", Values], None]


def no_keys(state: Values) -> Values:  # noqa: ARG001  the signature of every key rule
    """Key rule of an operation that needs none."""
    return {}


def no_properties(id_: str) -> Values:  # noqa: ARG001  the signature of every import rule
    """Import rule of a type whose id says nothing of its properties."""
    return {}


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One AWS call made for a resource.

    Args:
        name: botocore operation, such as `CreateCluster`.
        keys: Request members that say which object is meant, from the resource's properties and `id`.
        only: Properties it sends; None means every property that is a member of the request.
        skip: Properties it must not send although the request has such a member.
        at_create: An update operation that also runs right after the create when one of its properties is given.
        whole: An update operation that replaces everything, so that unchanged properties are sent too.
        prepare: Completes the request in place from the resource's properties (pure, also used by check).
        service: botocore service, where it is not the type's own.
    """

    name: str
    keys: Keys = no_keys
    only: frozenset[str] | None = None
    skip: frozenset[str] = frozenset()
    at_create: bool = False
    whole: bool = False
    prepare: "Callable[[Values, Values], None] | None" = None
    service: str = ""


@dataclass(frozen=True, kw_only=True)
class Step:
    """Several AWS calls in one plain function, for properties that have no call of their own.

    Args:
        run: Receives the context, the wanted properties, and the previous ones (empty right after a create).
        properties: Properties it puts into effect.
        at_create: Also runs right after the create when one of its properties is given.
        always: Runs after every create and update whatever changed (waits).
    """

    run: "Callable[[Context, Values, Values], None]"
    properties: frozenset[str] = frozenset()
    at_create: bool = True
    always: bool = False


@dataclass(frozen=True, kw_only=True)
class Read:
    """How a resource's present state is asked for.

    Args:
        name: botocore operation.
        result: JMESPath of the object in the response.
        keys: Request members, from the resource's properties and `id`.
        gone: Whether a described object counts as deleted, such as an ECS service that is INACTIVE.
        service: botocore service, where it is not the type's own.
    """

    name: str
    result: str
    keys: Keys = no_keys
    gone: Callable[[Values], bool] = lambda wire: not wire
    service: str = ""


@dataclass(frozen=True, kw_only=True)
class Name:
    """A physical name the provider makes up when the program gives none (Pulumi auto-naming).

    Args:
        property: Property that carries the name.
        maximum: AWS's limit in characters.
        prefix: Property with a name prefix; empty when the type has none.
        lower: Whether AWS wants lower case.
        lead: What AWS wants the name to begin with.
        suffix: What AWS wants the name to end with.
    """

    property: str = "name"
    maximum: int = 255
    prefix: str = "namePrefix"
    lower: bool = False
    lead: str = ""
    suffix: str = ""


@dataclass(frozen=True, kw_only=True)
class TagApi:
    """How a service takes tags.

    Args:
        member: Request member of create operations that carries tags; empty when create takes none.
        tag: Operation that adds tags.
        untag: Operation that removes tags.
        keys: Request members that name the tagged object.
        tag_member: Member of the tag operation that carries the tags.
        untag_member: Member of the untag operation that carries the keys.
        read: Operation that lists the tags, when the read operation does not return them.
        read_result: JMESPath of the tags in the read operation's response (or in the object read).
        key: Name of a tag's key member; empty when tags are a map.
        value: Name of a tag's value member.
        ec2_type: `ResourceType` of an EC2 `TagSpecifications`.
        marked: Whether objects carry the tag by which one without a name is found again.
        by_hand: Whether a step of the type itself puts them into effect.
        untag_wrap: Whether the untag operation takes tag objects instead of keys.
    """

    member: str = "tags"
    tag: str = "TagResource"
    untag: str = "UntagResource"
    keys: Keys = lambda state: {"resourceArn": state["arn"]}
    tag_member: str = "tags"
    untag_member: str = "tagKeys"
    read: str = ""
    read_result: str = "tags"
    key: str = "key"
    value: str = "value"
    ec2_type: str = ""
    untag_wrap: bool = False
    marked: bool = False
    by_hand: bool = False


@dataclass(frozen=True, kw_only=True)
class Codec:
    """A property whose shape differs between Pulumi and AWS beyond its name.

    Args:
        to_wire: From the property's value to one that the default rule can send; None is not sent.
        from_wire: From the described member to the property's value; None leaves that to the default rule.
        described: Completes the described member before the default rule reads it.
    """

    to_wire: Callable[[Any], Any] = lambda value: value
    from_wire: Callable[[Any], Any] | None = None
    described: Callable[[Any], Any] = lambda value: value


@dataclass(frozen=True, kw_only=True)
class ResourceType:
    """One resource type of the local `aws` provider.

    Args:
        type: Pulumi type token.
        service: botocore service.
        create: Operation that creates it, or a function that chooses it by the inputs.
        read: Operation that describes it, or a function that returns the description, None when it is gone.
        update: Operations and steps, each run when one of its properties changed.
        delete: Operations run in order to delete it.
        id: JMESPath of the Pulumi id in the create response, or a function of the properties.
        resolve_id: The id of an object whose create response does not carry it.
        from_import: What the id in the form that `pulumi import` takes says of the object, with its `id` where that is
            another one (Terraform: the resource's importer). Not needed where the id finds the object.
        body: Request member that carries most properties, such as `LaunchTemplateData`.
        from_create: Output property → JMESPath in the create response, for what later calls need to find the object.
        name: Auto-naming rule.
        members: Property path → request member path, where the default rule does not find it; empty text puts an
            object's members at the level above.
        codecs: Conversions of values whose shape differs, by property path.
        json: Properties holding JSON text, compared by meaning.
        sets: Property paths of lists whose order means nothing.
        replace: Properties whose change replaces the resource (Terraform: ForceNew).
        defaults: Values the Terraform provider fills in when the program gives none.
        computed: Inputs AWS chooses when they are not given; their absence is no change (Terraform: Optional+Computed).
            Paths of members of an object too.
        suppressed: Blocks whose absence is no change either, but that the state leaves out then
            (Terraform: `SuppressMissingOptionalConfigurationBlock`).
        neutral: Property path → what AWS describes where nothing was given.
        outputs: Output property → JMESPath in the described object, or a function of properties and description.
        local: Properties that steer the provider and are never sent.
        refused: Property → what to use instead; properties the local cloud does not take.
        inert: What the emulator does not do with the object although it keeps it; reported, never hidden.
        differs: What the emulator does otherwise with an object of these properties; empty when nothing.
        unread: Properties the description does not carry, so that a refresh cannot see them drift.
        tags: How it is tagged; None for what cannot be.
        delete_before_replace: Whether a replacement would collide with its predecessor.
        check: More rules over the checked inputs; yields (property path, reason).
        before_create: Request members that only AWS's present state can tell, such as the next free priority.
        remembered: Outputs that only AWS's state before the create can tell, such as what it takes the place of.
        before_delete: Runs before the delete operations.
        after_delete: Runs after them (waits).
        find: Id of the object an interrupted create of these properties left behind; None when there is none.
            Not needed where `id` follows from the properties.
        equal: Property path → whether two values mean the same, where that takes more than comparing.
        volatile: Outputs that any update changes, so that a preview cannot know them.
        secrets: Outputs whose value is secret whatever the program says.
    """

    type: str
    service: str
    create: Operation | Callable[[Values], Operation]
    read: "Read | Callable[[Context, Values], Values | None]"
    update: tuple[Operation | Step, ...] = ()
    delete: tuple[Operation, ...] = ()
    id: str | Callable[[Values], str] = "id"
    from_create: Mapping[str, str] = field(default_factory=dict)
    resolve_id: "Callable[[Context, Values, Values], str] | None" = None
    from_import: Callable[[str], Values] = no_properties
    body: str = ""
    name: Name | None = None
    members: Mapping[str, str] = field(default_factory=dict)
    codecs: Mapping[str, Codec] = field(default_factory=dict)
    json: frozenset[str] = frozenset()
    sets: frozenset[str] = frozenset()
    replace: frozenset[str] = frozenset()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    computed: frozenset[str] = frozenset()
    suppressed: frozenset[str] = frozenset()
    neutral: Mapping[str, Any] = field(default_factory=dict)
    outputs: "Mapping[str, str | Callable[[Context, Values, Values], Any]]" = field(default_factory=dict)
    local: frozenset[str] = frozenset()
    refused: Mapping[str, str] = field(default_factory=dict)
    inert: str = ""
    differs: Callable[[Values], str] | None = None
    unread: frozenset[str] = frozenset()
    tags: TagApi | None = None
    delete_before_replace: bool = False
    check: "Callable[[Values], list[tuple[str, str]]] | None" = None
    before_create: "Callable[[Context, Values], Values] | None" = None
    remembered: "Callable[[Context, Values], Values] | None" = None
    before_delete: Hook | None = None
    after_delete: Hook | None = None
    find: "Callable[[Context, Values], str | None] | None" = None
    equal: Mapping[str, Callable[[Any, Any], bool]] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()
    volatile: frozenset[str] = frozenset()

    def create_operation(self, inputs: Values) -> Operation:
        """The operation that creates an object with these inputs."""
        return self.create if isinstance(self.create, Operation) else self.create(inputs)

    @property
    def kind(self) -> str:
        """Short form people know: `aws:ecs/service:Service` → `ecs.Service`."""
        return f"{self.type.split(':')[1].split('/')[0]}.{self.type.split(':')[2]}"
