"""AWS's own accounts that write logs into buckets: data.aws_elb_service_account and its like.

Region, then the accounts of Elastic Load Balancing, Redshift and CloudTrail (AWS provider 5.100).
"""

from __future__ import annotations

from typing import Any

from labhelpers.terraform.language.values import Attributes, Unknown
from labhelpers.terraform.provider.target import Target

_TABLE = """
af-south-1     098369216593 365689465814 525921808201
ap-east-1      754344448648 313564881002 119688915426
ap-northeast-1 582318560864 404641285394 216624486486
ap-northeast-2 600734575887 760740231472 492519147666
ap-northeast-3 383597477331 090321488786 765225791966
ap-south-1     718504428378 865932855811 977081816279
ap-south-2     ------------ ------------ 582488909970
ap-southeast-1 114774131450 361669875840 903692715234
ap-southeast-2 783225319266 762762565011 284668455005
ap-southeast-3 589379963580 ------------ 069019280451
ap-southeast-4 ------------ ------------ 187074758985
ca-central-1   985666609251 907379612154 819402241893
cn-north-1     638102146993 111890595117 193415116832
cn-northwest-1 037604701340 660998842044 681348832753
eu-central-1   054676820928 053454850223 035351147821
eu-central-2   ------------ ------------ 453052556044
eu-north-1     897822967062 729911121831 829690693026
eu-south-1     635631232127 945612479654 669305197877
eu-south-2     ------------ ------------ 757211635381
eu-west-1      156460612806 210876761215 859597730677
eu-west-2      652711504416 307160386991 282025262664
eu-west-3      009996457667 915173422425 262312530599
il-central-1   ------------ ------------ 683224464357
me-central-1   ------------ ------------ 585772288577
me-south-1     076674570225 013126148197 034638983726
sa-east-1      507241528517 075028567923 814480443879
us-east-1      127311923021 193672423079 086441151436
us-east-2      033677994240 391106570357 475085895292
us-gov-east-1  190560391635 665727464434 608710470296
us-gov-west-1  048591011584 665727464434 608710470296
us-west-1      027434742980 262260360010 388731089494
us-west-2      797873946194 902366379725 113285607260
"""
# type -> (column of the table, what the ARN names there)
_TYPES = {
    "aws_elb_service_account": (1, "root"),
    "aws_redshift_service_account": (2, "user/logs"),
    "aws_cloudtrail_service_account": (3, "root"),
}
# The canonical user that CloudFront writes standard logs as, in and outside of China.
_CLOUDFRONT = "c4c1ede66af53448b93c283ce9448c4ba468c9432aa01d700d3878632f77d2d0"
_CLOUDFRONT_CHINA = "a52cb28745c0c06e84ec548334e44bfa7fc2a85c54af20cd59e4969344b7af56"
_ROWS = {row[0]: row for row in map(str.split, _TABLE.strip().split("\n"))}
TYPES = frozenset(_TYPES)


def service_account(type_: str, values: Attributes, target: Target) -> dict[str, Any]:
    """Return arn and id; Unknown for a Region that is not known or has no such account."""
    column, resource = _TYPES[type_]
    row = _ROWS.get(_region(values, target))
    if row is None or not row[column].isdigit():
        return {"arn": Unknown, "id": Unknown}
    arn = f"arn:{target.partition}:iam::{row[column]}:{resource}"
    return {"arn": arn, "id": row[column]}


def log_delivery_user(values: Attributes, target: Target) -> Any:
    """Return the id of data.aws_cloudfront_log_delivery_canonical_user_id."""
    region = _region(values, target)
    if not isinstance(region, str):
        return Unknown
    return _CLOUDFRONT_CHINA if region.startswith("cn-") else _CLOUDFRONT


def _region(values: Attributes, target: Target) -> Any:
    given = values.get("region")
    return target.region if given is None else given
