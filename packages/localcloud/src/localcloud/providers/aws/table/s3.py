"""Amazon S3: buckets and the resources that configure them."""

from localcloud.providers.aws.compare import same_policy
from localcloud.providers.aws.context import Context
from localcloud.providers.aws.resource_type import Codec, Name, Operation, Read, ResourceType, Step, TagApi
from localcloud.providers.values import Values


def _bucket(state: Values) -> Values:
    return {"Bucket": state["id"]}


def _location(request: Values, inputs: Values) -> None:
    """Outside us-east-1 AWS wants the region said again in the request's body."""
    region = inputs.get("region")
    if region and region != "us-east-1":
        request["CreateBucketConfiguration"] = {"LocationConstraint": region}


def _described_bucket(context: Context, state: Values) -> Values | None:
    return {"Bucket": state["id"]} if _exists(context, state["id"]) else None


def _exists(context: Context, name: str) -> bool:
    return any(item["Name"] == name for item in context.call("ListBuckets", {}).get("Buckets", []))


def _existing_bucket(context: Context, inputs: Values) -> str | None:
    return str(inputs["bucket"]) if _exists(context, inputs["bucket"]) else None


def _put_tags(context: Context, wanted: Values, previous: Values) -> None:  # noqa: ARG001  a Step's signature
    tags = {**context.aws.default_tags, **(wanted.get("tags") or {})}
    if tags:
        pairs = [{"Key": key, "Value": value} for key, value in tags.items()]
        context.call("PutBucketTagging", {**_bucket(wanted), "Tagging": {"TagSet": pairs}})
    else:
        context.find_call("DeleteBucketTagging", _bucket(wanted))


def _put_acl(context: Context, wanted: Values, previous: Values) -> None:  # noqa: ARG001  a Step's signature
    context.call("PutBucketAcl", {**_bucket(wanted), "ACL": wanted["acl"]})


def _empty(context: Context, state: Values) -> None:
    """Delete every object and version, where the program allows it."""
    if not state.get("forceDestroy"):
        return
    for item in context.aws.pages(
        "s3", "ListObjectVersions", _bucket(state), "[Versions, DeleteMarkers][][]"
    ):
        context.find_call(
            "DeleteObject", {**_bucket(state), "Key": item["Key"], "VersionId": item["VersionId"]}
        )
    for item in context.aws.pages("s3", "ListObjectsV2", _bucket(state), "Contents"):
        context.find_call("DeleteObject", {**_bucket(state), "Key": item["Key"]})


def _domain_name(context: Context, state: Values, wire: Values) -> str:  # noqa: ARG001  the signature of every output rule
    return f"{wire['Bucket']}.s3.amazonaws.com"


def _regional_domain_name(context: Context, state: Values, wire: Values) -> str:  # noqa: ARG001  as above
    return f"{wire['Bucket']}.s3.{context.region}.amazonaws.com"


COMPANIONS = {
    "accelerationStatus": "BucketAccelerateConfiguration",
    "corsRules": "BucketCorsConfiguration",
    "grants": "BucketAcl",
    "lifecycleRules": "BucketLifecycleConfiguration",
    "logging": "BucketLogging",
    "objectLockConfiguration": "BucketObjectLockConfiguration",
    "policy": "BucketPolicy",
    "replicationConfiguration": "BucketReplicationConfig",
    "requestPayer": "BucketRequestPaymentConfiguration",
    "serverSideEncryptionConfiguration": "BucketServerSideEncryptionConfiguration",
    "versioning": "BucketVersioning",
    "website": "BucketWebsiteConfiguration",
}

BUCKET = ResourceType(
    type="aws:s3/bucket:Bucket",
    service="s3",
    create=Operation(
        name="CreateBucket",
        only=frozenset({"bucket", "bucketNamespace", "objectLockEnabled"}),
        prepare=_location,
    ),
    read=_described_bucket,
    update=(
        Step(run=_put_tags, always=True),
        Step(run=_put_acl, properties=frozenset({"acl"})),
    ),
    before_delete=_empty,
    delete=(Operation(name="DeleteBucket", keys=_bucket),),
    id=lambda state: str(state["bucket"]),
    from_import=lambda id_: {"bucket": id_},
    name=Name(property="bucket", maximum=63, prefix="bucketPrefix", lower=True),
    members={"objectLockEnabled": "ObjectLockEnabledForBucket"},
    refused={
        name: f"the provider deprecates it; use aws.s3.{companion}" for name, companion in COMPANIONS.items()
    },
    defaults={"forceDestroy": False},
    computed=frozenset({"acl", "bucketNamespace", "objectLockEnabled"}),
    local=frozenset({"forceDestroy"}),
    replace=frozenset({"bucket", "bucketPrefix", "bucketNamespace", "objectLockEnabled"}),
    outputs={
        "arn": lambda context, state, wire: f"arn:aws:s3:::{wire['Bucket']}",  # noqa: ARG005  the signature of every output rule
        "bucketDomainName": _domain_name,
        "bucketRegionalDomainName": _regional_domain_name,
        "bucketRegion": lambda context, state, wire: context.region,  # noqa: ARG005  as above
    },
    tags=TagApi(
        member="",
        tag="PutBucketTagging",
        untag="DeleteBucketTagging",
        keys=_bucket,
        read="GetBucketTagging",
        read_result="TagSet",
        key="Key",
        value="Value",
        by_hand=True,
    ),
    find=_existing_bucket,
)


def _of_bucket(state: Values) -> Values:
    return {"Bucket": state["bucket"]}


def _bucket_id(state: Values) -> str:
    return str(state["bucket"])


BUCKET_POLICY = ResourceType(
    type="aws:s3/bucketPolicy:BucketPolicy",
    service="s3",
    create=Operation(name="PutBucketPolicy"),
    read=Read(name="GetBucketPolicy", keys=_bucket, result="@"),
    update=(Operation(name="PutBucketPolicy", whole=True),),
    delete=(Operation(name="DeleteBucketPolicy", keys=_bucket),),
    id=_bucket_id,
    from_import=lambda id_: {"bucket": id_},
    json=frozenset({"policy"}),
    equal={"policy": same_policy},
    replace=frozenset({"bucket"}),
)


def _keep(context: Context, state: Values) -> None:
    if not state.get("skipDestroy"):
        context.find_call("DeletePublicAccessBlock", _of_bucket(state))


BUCKET_PUBLIC_ACCESS_BLOCK = ResourceType(
    type="aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    service="s3",
    create=Operation(name="PutPublicAccessBlock"),
    read=Read(name="GetPublicAccessBlock", keys=_bucket, result="PublicAccessBlockConfiguration"),
    update=(Operation(name="PutPublicAccessBlock", whole=True),),
    before_delete=_keep,
    id=_bucket_id,
    from_import=lambda id_: {"bucket": id_},
    body="PublicAccessBlockConfiguration",
    defaults={
        "blockPublicAcls": False,
        "blockPublicPolicy": False,
        "ignorePublicAcls": False,
        "restrictPublicBuckets": False,
    },
    local=frozenset({"skipDestroy"}),
    replace=frozenset({"bucket"}),
)

BUCKET_OWNERSHIP_CONTROLS = ResourceType(
    type="aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    service="s3",
    create=Operation(name="PutBucketOwnershipControls"),
    read=Read(name="GetBucketOwnershipControls", keys=_bucket, result="OwnershipControls"),
    update=(Operation(name="PutBucketOwnershipControls", whole=True),),
    delete=(Operation(name="DeleteBucketOwnershipControls", keys=_bucket),),
    id=_bucket_id,
    from_import=lambda id_: {"bucket": id_},
    body="OwnershipControls",
    replace=frozenset({"bucket"}),
)

BUCKET_ENCRYPTION = ResourceType(
    type="aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    service="s3",
    create=Operation(name="PutBucketEncryption"),
    read=Read(name="GetBucketEncryption", keys=_bucket, result="ServerSideEncryptionConfiguration"),
    update=(Operation(name="PutBucketEncryption", whole=True),),
    delete=(Operation(name="DeleteBucketEncryption", keys=_bucket),),
    id=_bucket_id,
    from_import=lambda id_: {"bucket": id_},
    body="ServerSideEncryptionConfiguration",
    members={
        "rules.applyServerSideEncryptionByDefault.sseAlgorithm": "SSEAlgorithm",
        "rules.applyServerSideEncryptionByDefault.kmsMasterKeyId": "KMSMasterKeyID",
        "rules.blockedEncryptionTypes": "BlockedEncryptionTypes.EncryptionType",
    },
    sets=frozenset({"rules"}),
    replace=frozenset({"bucket", "expectedBucketOwner"}),
)

BUCKET_VERSIONING = ResourceType(
    type="aws:s3/bucketVersioning:BucketVersioning",
    service="s3",
    create=Operation(name="PutBucketVersioning"),
    read=Read(
        name="GetBucketVersioning",
        keys=_bucket,
        result="{VersioningConfiguration: @}",
        gone=lambda wire: not wire["VersioningConfiguration"].get("Status"),
    ),
    update=(Operation(name="PutBucketVersioning", whole=True),),
    delete=(
        Operation(
            name="PutBucketVersioning",
            keys=lambda state: {**_bucket(state), "VersioningConfiguration": {"Status": "Suspended"}},
        ),
    ),
    id=_bucket_id,
    from_import=lambda id_: {"bucket": id_},
    replace=frozenset({"bucket", "expectedBucketOwner"}),
    unread=frozenset({"mfa"}),
)


def _filters(rules: list[Values]) -> list[Values]:
    """A rule without a filter is meant for every object; AWS wants that said (Terraform does it too)."""
    return [{"filter": {"prefix": ""}, **rule} if rule.get("prefix") is None else rule for rule in rules]


BUCKET_LIFECYCLE = ResourceType(
    type="aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    service="s3",
    create=Operation(name="PutBucketLifecycleConfiguration"),
    read=Read(name="GetBucketLifecycleConfiguration", keys=_bucket, result="@"),
    update=(Operation(name="PutBucketLifecycleConfiguration", whole=True),),
    delete=(Operation(name="DeleteBucketLifecycle", keys=_bucket),),
    id=_bucket_id,
    from_import=lambda id_: {"bucket": id_},
    body="LifecycleConfiguration",
    members={"rules.filter.and.tags": "Tags"},
    codecs={
        "rules": Codec(to_wire=_filters),
        "rules.filter.and.tags": Codec(
            to_wire=lambda tags: [{"key": key, "value": value} for key, value in tags.items()],
            from_wire=lambda tags: {tag["Key"]: tag["Value"] for tag in tags},
        ),
    },
    sets=frozenset({"rules", "rules.transitions", "rules.noncurrentVersionTransitions"}),
    computed=frozenset({"transitionDefaultMinimumObjectSize", "rules"}),
    local=frozenset({"timeouts"}),
    replace=frozenset({"bucket", "expectedBucketOwner"}),
)

TYPES = (
    BUCKET,
    BUCKET_POLICY,
    BUCKET_PUBLIC_ACCESS_BLOCK,
    BUCKET_OWNERSHIP_CONTROLS,
    BUCKET_ENCRYPTION,
    BUCKET_VERSIONING,
    BUCKET_LIFECYCLE,
)
