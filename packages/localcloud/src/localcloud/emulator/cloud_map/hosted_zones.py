"""The Route 53 hosted zone that each DNS namespace has; MiniStack answers for Route 53."""

import logging
import re
import uuid
from xml.sax.saxutils import escape, unescape

from localcloud.emulator import upstream

logger = logging.getLogger(__name__)
_SPACE = "https://route53.amazonaws.com/doc/2013-04-01/"


class HostedZoneError(Exception):
    """Route 53 does not make the zone; the text is its own."""


def create(name: str, vpc: str | None) -> str:
    """Make a namespace's zone, private where there is a VPC; returns its id.

    Raises:
        HostedZoneError: Route 53 refuses it.
    """
    place = (
        f"<VPC><VPCRegion>{upstream.responses.get_region()}</VPCRegion><VPCId>{escape(vpc)}</VPCId></VPC>"
        if vpc
        else ""
    )
    body = (
        f'<CreateHostedZoneRequest xmlns="{_SPACE}"><Name>{escape(name.rstrip("."))}.</Name>'
        f"<CallerReference>{uuid.uuid4()}</CallerReference><HostedZoneConfig><Comment>Created by Cloud Map"
        f"</Comment><PrivateZone>{'true' if vpc else 'false'}</PrivateZone></HostedZoneConfig>{place}"
        "</CreateHostedZoneRequest>"
    )
    status, _, answer = upstream.route53._create_hosted_zone(body.encode(), {})
    if status >= 300:
        [message] = re.findall(rb"<Message>([^<]*)</Message>", answer) or [answer]
        raise HostedZoneError(unescape(message.decode(errors="replace")))
    [found] = re.findall(rb"<Id>/hostedzone/([^<]+)</Id>", answer)
    return str(found.decode())


def delete(zone: str) -> None:
    """Remove a namespace's zone; one with records of somebody else stays."""
    status, _, body = upstream.route53._delete_hosted_zone(zone)
    if status >= 300:
        logger.warning("hosted zone %s is not deleted: %s", zone, body)
