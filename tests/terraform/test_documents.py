"""aws_iam_policy_document: the JSON text is the provider's, sign for sign.

The expected texts were rendered by the AWS provider itself; test_oracle.py asks it again.
"""

from __future__ import annotations

import re
import textwrap

import pytest

from labhelpers.terraform import Unknown, load

CASES = [
    pytest.param(
        """
        statement {
          sid     = "Ec2MayAssume"
          actions = ["sts:AssumeRole"]
          principals {
            type        = "Service"
            identifiers = ["ec2.amazonaws.com"]
          }
        }
        """,
        '{"Version":"2012-10-17","Statement":[{"Sid":"Ec2MayAssume","Effect":"Allow",'
        '"Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}}]}',
        id="a-service-may-assume",
    ),
    pytest.param(
        """

        """,
        '{"Version":"2012-10-17"}',
        id="nothing-at-all",
    ),
    pytest.param(
        """
        statement {
          actions   = ["s3:a", "s3:c", "s3:b", "s3:a", "S3:Z"]
          resources = ["*", "arn:aws:s3:::a", "arn:aws:s3:::b"]
        }
        """,
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:c","s3:b",'
        '"s3:a","S3:Z"],"Resource":["arn:aws:s3:::b","arn:aws:s3:::a","*"]}]}',
        id="lists-are-sets-in-descending-order",
    ),
    pytest.param(
        """
        statement {
          actions   = ["s3:GetObject", "s3:GetObject"]
          resources = ["*"]
        }
        """,
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject",'
        '"Resource":"*"}]}',
        id="one-element-is-a-plain-text",
    ),
    pytest.param(
        """
        statement {
          actions   = []
          resources = []
        }
        """,
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow"}]}',
        id="empty-lists-leave-no-trace",
    ),
    pytest.param(
        """
        statement {
          actions   = ["s3:&{x}"]
          resources = ["arn:aws:s3:::&{aws:username}/*", "arn:aws:s3:::$${aws:username}/*"]
          principals {
            type        = "AWS"
            identifiers = ["&{x}"]
          }
          condition {
            test     = "StringLike"
            variable = "s3:prefix"
            values   = ["&{aws:username}/*"]
          }
        }
        """,
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:\\u0026{x}",'
        '"Resource":["arn:aws:s3:::${aws:username}/*","arn:aws:s3:::${aws:username}/*"],'
        '"Principal":{"AWS":"${x}"},"Condition":{"StringLike":{"s3:prefix":"${aws:username}/*'
        '"}}}]}',
        id="policy-variables-in-resources-conditions-and-principals-but-not-in-actions",
    ),
    pytest.param(
        """
        statement {
          actions   = ["s3:ListBucket"]
          resources = ["*"]
          condition {
            test     = "StringLike"
            variable = "s3:prefix"
            values   = ["b", "a", "b"]
          }
        }
        """,
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListBucket",'
        '"Resource":"*","Condition":{"StringLike":{"s3:prefix":["b","a","b"]}}}]}',
        id="condition-values-keep-order-and-duplicates",
    ),
    pytest.param(
        """
        statement {
          actions   = ["s3:ListBucket"]
          resources = ["*"]
          condition {
            test     = "StringEquals"
            variable = "a:b"
            values   = ["4"]
          }
          condition {
            test     = "StringEquals"
            variable = "a:b"
            values   = ["3", "x"]
          }
          condition {
            test     = "StringEquals"
            variable = "a:b"
            values   = ["1"]
          }
          condition {
            test     = "StringEquals"
            variable = "a:b"
            values   = ["1"]
          }
          condition {
            test     = "StringEquals"
            variable = "a:a"
            values   = []
          }
          condition {
            test     = "Bool"
            variable = "aws:MultiFactorAuthPresent"
            values   = [true]
          }
        }
        """,
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:ListBucket",'
        '"Resource":"*","Condition":{"Bool":{"aws:MultiFactorAuthPresent":"true"},'
        '"StringEquals":{"a:a":[],"a:b":["1","3","x","4"]}}}]}',
        id="conditions-with-equal-test-and-variable-are-joined-in-checksum-order",
    ),
    pytest.param(
        """
        statement {
          effect  = "Deny"
          actions = ["sts:AssumeRole"]
          principals {
            type        = "AWS"
            identifiers = ["zz"]
          }
          principals {
            type        = "AWS"
            identifiers = ["b1", "b2", "b3", "b10"]
          }
          principals {
            type        = "AWS"
            identifiers = ["c1", "a2"]
          }
          principals {
            type        = "Service"
            identifiers = ["b.amazonaws.com", "c.amazonaws.com", "a.amazonaws.com"]
          }
          principals {
            type        = "Federated"
            identifiers = []
          }
        }
        """,
        '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"sts:AssumeRole",'
        '"Principal":{"AWS":["c1","a2","zz","b3","b2","b10","b1"],"Federated":[],'
        '"Service":["c.amazonaws.com","b.amazonaws.com","a.amazonaws.com"]}}]}',
        id="principals-of-one-type-are-joined-in-checksum-order",
    ),
    pytest.param(
        """
        statement {
          sid     = "Star"
          actions = ["sts:AssumeRole"]
          principals {
            type        = "*"
            identifiers = ["*"]
          }
        }
        statement {
          sid     = "Aws"
          actions = ["sts:AssumeRole"]
          principals {
            type        = "AWS"
            identifiers = ["*"]
          }
        }
        statement {
          sid     = "Both"
          actions = ["sts:AssumeRole"]
          principals {
            type        = "AWS"
            identifiers = ["111122223333"]
          }
          principals {
            type        = "*"
            identifiers = ["*"]
          }
        }
        """,
        '{"Version":"2012-10-17","Statement":[{"Sid":"Star","Effect":"Allow",'
        '"Action":"sts:AssumeRole","Principal":"*"},{"Sid":"Aws","Effect":"Allow",'
        '"Action":"sts:AssumeRole","Principal":{"AWS":"*"}},{"Sid":"Both","Effect":"Allow",'
        '"Action":"sts:AssumeRole","Principal":{"*":"*","AWS":"111122223333"}}]}',
        id="everyone-in-three-spellings",
    ),
    pytest.param(
        """
        statement {
          effect        = "Deny"
          not_actions   = ["iam:*", "sts:*"]
          not_resources = ["arn:aws:s3:::a", "arn:aws:s3:::b"]
          not_principals {
            type        = "AWS"
            identifiers = ["arn:aws:iam::111122223333:root"]
          }
        }
        """,
        '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","NotAction":["sts:*","iam:*"],'
        '"NotResource":["arn:aws:s3:::b","arn:aws:s3:::a"],'
        '"NotPrincipal":{"AWS":"arn:aws:iam::111122223333:root"}}]}',
        id="the-four-nots",
    ),
    pytest.param(
        """
        policy_id = "mine"
        version   = "2008-10-17"
        statement {
          actions   = ["s3:*"]
          resources = ["*"]
        }
        """,
        '{"Version":"2008-10-17","Id":"mine","Statement":[{"Effect":"Allow","Action":"s3:*",'
        '"Resource":"*"}]}',
        id="id-and-old-version",
    ),
    pytest.param(
        r"""
        statement {
          actions   = ["s3:Get<&>é"]
          resources = ["arn:aws:s3:::a\u2028\"\\/b"]
        }
        """,
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow",'
        '"Action":"s3:Get\\u003c\\u0026\\u003eé","Resource":"arn:aws:s3:::a\\u2028\\"\\\\/b"}]}',
        id="signs-that-Go-escapes",
    ),
    pytest.param(
        """
        statement {
          actions   = ["s3:*"]
          resources = ["*"]
          condition {
            test     = "NumericLessThan"
            variable = "aws:MultiFactorAuthAge"
            values   = [3600, 1.50]
          }
        }
        """,
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*",'
        '"Resource":"*","Condition":{"NumericLessThan":{"aws:MultiFactorAuthAge":["3600",'
        '"1.5"]}}}]}',
        id="numbers-and-bools-among-texts",
    ),
    pytest.param(
        """
        source_policy_documents = [
          jsonencode({ Version = "2008-10-17", Id = "source", Statement = [
            { Sid = "One", Effect = "Allow", Action = ["b", "a", "c"], Resource = ["b"], X = 1 },
            { Sid = "Two", Effect = "Allow", NotAction = "x", NotResource = [], Principal = "*" },
          ] }),
        ]
        statement {
          sid       = "Two"
          effect    = "Deny"
          actions   = ["y"]
          resources = ["*"]
        }
        statement {
          sid       = "Three"
          actions   = ["z"]
          resources = ["*"]
        }
        """,
        '{"Version":"2012-10-17","Id":"source","Statement":[{"Sid":"One","Effect":"Allow",'
        '"Action":["b","a","c"],"Resource":["b"]},{"Sid":"Two","Effect":"Deny",'
        '"Action":"y","Resource":"*"},{"Sid":"Three","Effect":"Allow","Action":"z",'
        '"Resource":"*"}]}',
        id="source-documents-come-first-and-are-replaced-by-Sid",
    ),
    pytest.param(
        """
        override_policy_documents = [
          jsonencode({ Version = "2012-10-17", Id = "over", Statement = [
            { Sid = "One", Effect = "Deny", Action = "*", Resource = "*" },
            { Sid = "New", Effect = "Deny", Action = "*", Resource = "*" },
            { Effect = "Deny", Action = "*", Resource = "*" },
          ] }),
        ]
        policy_id = "mine"
        statement {
          sid       = "One"
          actions   = ["y"]
          resources = ["*"]
        }
        """,
        '{"Version":"2012-10-17","Id":"over","Statement":[{"Sid":"One","Effect":"Deny",'
        '"Action":"*","Resource":"*"},{"Sid":"New","Effect":"Deny","Action":"*",'
        '"Resource":"*"},{"Effect":"Deny","Action":"*","Resource":"*"}]}',
        id="override-documents-come-last",
    ),
    pytest.param(
        """
        source_policy_documents = [jsonencode({ Statement = [
          { Effect = "Allow", Action = "a", Principal = {
            Service = "s", AWS = ["a", "c", "b"], Federated = ["f"]
          } },
          { Effect = "Allow", Action = "a", NotPrincipal = { "*" = "*" } },
          { Effect = "Allow", Action = "a", Principal = {}, Condition = {} },
          { action = "lower", Condition = {
            StringLike = { "a:z" = ["c", "b"], "a:empty" = [], "a:one" = ["x"], "a:number" = 3 }
            Bool       = { "a:true" = true, "a:text" = "false" }
          } },
        ] })]
        """,
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"a",'
        '"Principal":{"AWS":["c","b","a"],"Federated":["f"],"Service":"s"}},'
        '{"Effect":"Allow","Action":"a","NotPrincipal":"*"},{"Effect":"Allow","Action":"a"},'
        '{"Action":"lower","Condition":{"Bool":{"a:text":"false","a:true":"true"},'
        '"StringLike":{"a:empty":[],"a:one":"x","a:z":["c","b"]}}}]}',
        id="principals-and-conditions-that-come-from-JSON",
    ),
    pytest.param(
        """
        dynamic "statement" {
          for_each = { read = "s3:GetObject", list = "s3:ListBucket" }
          content {
            sid       = statement.key
            actions   = [statement.value]
            resources = ["*"]
          }
        }
        """,
        '{"Version":"2012-10-17","Statement":[{"Sid":"list","Effect":"Allow",'
        '"Action":"s3:ListBucket","Resource":"*"},{"Sid":"read","Effect":"Allow",'
        '"Action":"s3:GetObject","Resource":"*"}]}',
        id="a-dynamic-block-writes-statements",
    ),
]


def document(tmp_path, body, more=""):
    """The attributes of a policy document with this body."""
    text = f'{more}\ndata "aws_iam_policy_document" "x" {{\n{textwrap.dedent(body)}\n}}\n'
    (tmp_path / "main.tf").write_text(text, encoding="utf-8")
    return load(tmp_path).resources["data.aws_iam_policy_document.x"].values


@pytest.mark.parametrize(("body", "expected"), CASES)
def test_the_text_is_what_the_provider_renders(tmp_path, body, expected):
    assert document(tmp_path, body)["minified_json"] == expected


@pytest.mark.parametrize(("body", "expected"), CASES)
def test_json_is_the_same_with_two_spaces_a_level(tmp_path, body, expected):
    text = document(tmp_path, body)["json"]
    assert re.sub(r"\n *", "", text).replace('": ', '":') == expected
    depth = 0
    for line in text.split("\n"):
        depth -= line.lstrip()[0] in "]}"
        assert len(line) - len(line.lstrip()) == 2 * depth
        depth += line[-1] in "[{"


def test_the_whole_text_and_its_checksum(tmp_path):
    values = document(tmp_path, CASES[0].values[0])
    assert values["json"] == textwrap.dedent("""\
        {
          "Version": "2012-10-17",
          "Statement": [
            {
              "Sid": "Ec2MayAssume",
              "Effect": "Allow",
              "Action": "sts:AssumeRole",
              "Principal": {
                "Service": "ec2.amazonaws.com"
              }
            }
          ]
        }""")
    assert values["id"] == "1767798696"


STATEMENT = 'statement {\n  actions = ["s3:*"]\n  resources = ["*"]\n%s\n}'


@pytest.mark.parametrize(
    ("body", "said", "line", "hint"),
    [
        pytest.param(
            'statement {\n  action = ["s3:*"]\n}',
            'An argument named "action" is not expected',
            4,
            'Did you mean "actions"?',
            id="argument in the singular",
        ),
        pytest.param(
            STATEMENT % "principal {\n}",
            'Blocks of type "principal" are not expected',
            6,
            'Did you mean "principals"?',
            id="block in the singular",
        ),
        pytest.param(
            STATEMENT % 'principals {\n  type = "AWS"\n}',
            'The argument "identifiers" is required',
            6,
            "Add it",
            id="missing identifiers",
        ),
        pytest.param(
            'statement {\n  actions = "s3:*"\n}',
            'Inappropriate value for attribute "actions": set of string required',
            4,
            "actions = [",
            id="a text for a list",
        ),
        pytest.param("statement {\n  actions = [null]\n}", '"actions"', 4, "", id="null in a list"),
        pytest.param(
            STATEMENT % '  effect = "allow"', "effect must be", 6, "case", id="effect in lower case"
        ),
        pytest.param(
            STATEMENT % '  sid = "Read it"', "alphanumeric", 6, "letters", id="sid with a space"
        ),
        pytest.param(
            2 * (STATEMENT % '  sid = "A"' + "\n"),
            "duplicate Sid (A)",
            11,
            "unique",
            id="equal sids",
        ),
        pytest.param('version = "2020-01-01"', "version must be", 3, "", id="no such version"),
        pytest.param(
            'version = "2008-10-17"\nstatement {\n  resources = ["&{aws:username}"]\n}',
            "not supported in version 2008-10-17",
            4,
            "default",
            id="variable in the old version",
        ),
        pytest.param(
            'source_policy_documents = ["{"]', "no valid JSON", 3, "", id="source is no JSON"
        ),
        pytest.param(
            'source_policy_documents = [jsonencode({ Statement = { Effect = "Allow" } })]',
            "Statement must be a list",
            3,
            "even around a single statement",
            id="source with a lone statement",
        ),
        pytest.param(
            "override_policy_documents = [jsonencode([])]",
            "is a JSON object",
            3,
            "",
            id="override is a list",
        ),
        pytest.param(
            "source_policy_documents = "
            '[for x in [1, 2] : jsonencode({ Statement = [{ Sid = "A" }] })]',
            "duplicate Sid (A)",
            3,
            "unique",
            id="equal sids in sources",
        ),
    ],
)
def test_what_the_provider_refuses_is_told_with_its_line(tmp_path, body, said, line, hint):
    document(tmp_path, body)
    (fault,) = load(tmp_path).diagnostics
    assert said in fault.message
    assert fault.message.startswith("data.aws_iam_policy_document.x: ")
    assert (fault.severity, fault.address) == ("error", "data.aws_iam_policy_document.x")
    assert (fault.file, fault.line) == ("main.tf", line)
    assert hint in fault.hint


@pytest.mark.parametrize(
    "body",
    [
        "statement {\n  actions = [var.nobody]\n}",
        "statement {\n  actions = var.nobody\n}",
        STATEMENT % 'principals {\n  type = "AWS"\n  identifiers = [var.nobody]\n}',
        STATEMENT % 'condition {\n  test = "Bool"\n  variable = var.nobody\n  values = []\n}',
        "source_policy_documents = [var.nobody]",
        "override_policy_documents = var.nobody",
        'dynamic "statement" {\n  for_each = var.nobody\n  content {}\n}',
        "policy_id = var.nobody",
    ],
)
def test_a_document_with_something_unknown_is_unknown(tmp_path, body):
    values = document(tmp_path, body, 'variable "nobody" {}')
    assert (values["json"], values["minified_json"], values["id"]) == (Unknown,) * 3


def test_what_is_known_of_an_unknown_document_stays(tmp_path):
    body = 'statement {\n  sid = "A"\n  actions = ["s3:*"]\n  resources = [var.nobody]\n}'
    statement = document(tmp_path, body, 'variable "nobody" {}')["statement"][0]
    assert (statement["sid"], statement["effect"], statement["actions"]) == ("A", "Allow", ["s3:*"])
    assert statement["resources"] == [Unknown]


@pytest.mark.parametrize(
    ("block", "argument", "expected"),
    [
        pytest.param(
            "aws_iam_role",
            "assume_role_policy",
            '{"Id":"i\\u003c\\u003e","Statement":[{"Action":["b","a"],"Sid":"x"}],'
            '"Version":"2012-10-17"}',
            id="keys in order",
        ),
        pytest.param(
            "aws_iam_role_policy",
            "policy",
            '{"Version":"2012-10-17","Id":"i\\u003c\\u003e",'
            '"Statement":[{"Action":["b","a"],"Sid":"x"}]}',
            id="Version first",
        ),
    ],
)
def test_resources_hold_policies_as_the_provider_keeps_them(tmp_path, block, argument, expected):
    policy = '{ "Statement": [{"Sid": "x", "Action": ["b", "a"]}], "Id": "i<>", '
    policy += '"Version": "2012-10-17" }'
    text = f'resource "{block}" "x" {{\n  {argument} = <<EOT\n{policy}\nEOT\n}}\n'
    (tmp_path / "main.tf").write_text(text)
    assert load(tmp_path).resources[f"{block}.x"].values[argument] == expected


@pytest.mark.parametrize(
    ("value", "said"),
    [('"{"', "invalid JSON policy"), ('{ Version = "2012-10-17" }', "string required")],
)
def test_a_policy_that_is_no_json_text_is_told_with_its_line(tmp_path, value, said):
    text = f'resource "aws_iam_policy" "x" {{\n  name = "x"\n  policy = {value}\n}}\n'
    (tmp_path / "main.tf").write_text(text)
    (fault,) = load(tmp_path).diagnostics
    assert said in fault.message
    assert (fault.file, fault.line) == ("main.tf", 3)
    assert "jsonencode(" in fault.hint
