"""AWS Certificate Manager."""

from localcloud.errors import LocalCloudError
from localcloud.providers.aws.context import Context
from localcloud.providers.aws.resource_type import Operation, Read, ResourceType, Step, TagApi
from localcloud.providers.aws.tagging import CREATED_AS
from localcloud.providers.values import Values

NOT_SERVED = "the certificate is kept, but the local load balancer serves no TLS with it"


def _certificate(state: Values) -> Values:
    return {"CertificateArn": state["id"]}


def _request_or_import(inputs: Values) -> Operation:
    if inputs.get("privateKey") is not None or inputs.get("privateKeyWo") is not None:
        return Operation(
            name="ImportCertificate",
            only=frozenset({"certificateBody", "certificateChain", "privateKey"}),
            prepare=_imported,
        )
    return Operation(name="RequestCertificate")


def _imported(request: Values, inputs: Values) -> None:
    request["Certificate"] = str(inputs.get("certificateBody", "")).encode()
    if inputs.get("privateKeyWo") is not None:
        request["PrivateKey"] = str(inputs["privateKeyWo"]).encode()


def _check(values: Values) -> list[tuple[str, str]]:
    imported = values.get("privateKey") is not None or values.get("privateKeyWo") is not None
    if imported and values.get("certificateBody") is None:
        return [("certificateBody", "missing: an imported certificate needs it")]
    if not imported and values.get("domainName") is None:
        return [("domainName", "missing: give domainName, or certificateBody and privateKey")]
    return []


def _validation_records(context: Context, state: Values, wire: Values) -> list[Values]:  # noqa: ARG001  an output rule
    return [
        {
            "domainName": item["DomainName"],
            "resourceRecordName": item["ResourceRecord"]["Name"],
            "resourceRecordType": item["ResourceRecord"]["Type"],
            "resourceRecordValue": item["ResourceRecord"]["Value"],
        }
        for item in wire.get("DomainValidationOptions", [])
        if item.get("ResourceRecord")
    ]


def _existing_certificate(context: Context, inputs: Values) -> str | None:  # noqa: ARG001  the signature of every find rule
    for item in context.aws.pages("acm", "ListCertificates", {}, "CertificateSummaryList"):
        tags = context.find_call("ListTagsForCertificate", {"CertificateArn": item["CertificateArn"]}).get(
            "Tags", []
        )
        if any((tag["Key"], tag.get("Value")) == (CREATED_AS, context.fingerprint) for tag in tags):
            return str(item["CertificateArn"])
    return None


CERTIFICATE = ResourceType(
    type="aws:acm/certificate:Certificate",
    service="acm",
    create=_request_or_import,
    read=Read(name="DescribeCertificate", keys=_certificate, result="Certificate"),
    update=(Operation(name="UpdateCertificateOptions", keys=_certificate, only=frozenset({"options"})),),
    delete=(Operation(name="DeleteCertificate", keys=_certificate),),
    id="CertificateArn",
    members={"validationOptions": "DomainValidationOptions", "certificateBody": "Certificate"},
    inert=NOT_SERVED,
    sets=frozenset({"subjectAlternativeNames", "validationOptions"}),
    computed=frozenset(
        {
            "certificateAuthorityArn",
            "domainName",
            "keyAlgorithm",
            "options",
            "subjectAlternativeNames",
            "validationMethod",
        }
    ),
    local=frozenset({"earlyRenewalDuration", "privateKeyWo", "privateKeyWoVersion"}),
    unread=frozenset(
        {
            "certificateBody",
            "certificateChain",
            "privateKey",
            "validationOptions",
            "subjectAlternativeNames",
            "validationMethod",
        }
    ),
    replace=frozenset(
        {
            "certificateAuthorityArn",
            "certificateBody",
            "certificateChain",
            "domainName",
            "keyAlgorithm",
            "privateKey",
            "privateKeyWoVersion",
            "subjectAlternativeNames",
            "validationMethod",
            "validationOptions",
        }
    ),
    secrets=frozenset({"privateKey", "privateKeyWo"}),
    outputs={"arn": "CertificateArn", "domainValidationOptions": _validation_records},
    check=_check,
    tags=TagApi(
        member="Tags",
        tag="AddTagsToCertificate",
        untag="RemoveTagsFromCertificate",
        keys=_certificate,
        tag_member="Tags",
        untag_member="Tags",
        read="ListTagsForCertificate",
        read_result="Tags",
        key="Key",
        value="Value",
        untag_wrap=True,
        marked=True,
    ),
    find=_existing_certificate,
)


def _wait_until_issued(context: Context, wanted: Values, previous: Values) -> None:  # noqa: ARG001  a Step's signature
    def issued() -> bool:
        found = context.call("DescribeCertificate", {"CertificateArn": wanted["certificateArn"]})[
            "Certificate"
        ]
        if found.get("Status") == "FAILED":
            raise LocalCloudError(f"the certificate failed: {found.get('FailureReason', 'no reason given')}")
        return bool(found.get("Status") == "ISSUED")

    context.wait_until(issued, "the certificate's validation")


CERTIFICATE_VALIDATION = ResourceType(
    type="aws:acm/certificateValidation:CertificateValidation",
    service="acm",
    # There is nothing to create: the resource stands for the wait (Terraform does the same).
    create=Operation(name="DescribeCertificate"),
    read=Read(
        name="DescribeCertificate",
        keys=lambda state: {"CertificateArn": state["certificateArn"]},
        result="Certificate",
    ),
    update=(Step(run=_wait_until_issued, always=True),),
    id=lambda state: str(state["certificateArn"]),
    local=frozenset({"validationRecordFqdns"}),
    replace=frozenset({"certificateArn", "validationRecordFqdns"}),
)


TYPES = (
    CERTIFICATE,
    CERTIFICATE_VALIDATION,
)
