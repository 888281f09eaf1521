"""ARNs and ids that follow from a resource's arguments, one line for each type.

`{name}` is an argument; {account}, {region}, {partition}, {dns_suffix} come from the provider.
ARNs are written without their common beginning: `R:A` stands for Region and account. Types whose
ARN holds something that AWS makes up (keys, secrets, user pools …) have none here.
Source: Service Authorization Reference, "Resource types"; attributes of the AWS provider 5.
"""

from __future__ import annotations

# type: (ARN, id, argument that both need). An id of "" is not known.
_TABLE = """
accessanalyzer_analyzer          access-analyzer:R:A:analyzer/{analyzer_name}    {analyzer_name}
athena_workgroup                 athena:R:A:workgroup/{name}                     {name}
backup_vault                     backup:R:A:backup-vault:{name}                  {name}
batch_job_queue                  batch:R:A:job-queue/{name}                      {arn}
budgets_budget                   budgets::A:budget/{name}                        {account}:{name}
cloudtrail                       cloudtrail:R:A:trail/{name}                     -
cloudwatch_dashboard             cloudwatch::A:dashboard/{dashboard_name}        {dashboard_name}
cloudwatch_event_bus             events:R:A:event-bus/{name}                     {name}
cloudwatch_log_group             logs:R:A:log-group:{name}                       {name}
cloudwatch_log_stream            logs:R:A:log-group:{log_group_name}:log-stream:{name} {name}
cloudwatch_metric_alarm          cloudwatch:R:A:alarm:{alarm_name}               {alarm_name}
codeartifact_domain              codeartifact:R:A:domain/{domain}                {arn}
codeartifact_repository          codeartifact:R:A:repository/{domain}/{repository} {arn}
codebuild_project                codebuild:R:A:project/{name}                    {arn}
codecommit_repository            codecommit:R:A:{repository_name}                {repository_name}
codedeploy_app                   codedeploy:R:A:application:{name}               -
codepipeline                     codepipeline:R:A:{name}                         {name}
dax_cluster                      dax:R:A:cache/{cluster_name}                    {cluster_name}
db_instance                      rds:R:A:db:{identifier}                         -
db_subnet_group                  rds:R:A:subgrp:{name}                           {name}
dynamodb_table                   dynamodb:R:A:table/{name}                       {name}
ecr_repository                   ecr:R:A:repository/{name}                       {name}
ecs_capacity_provider            ecs:R:A:capacity-provider/{name}                {arn}
ecs_cluster                      ecs:R:A:cluster/{name}                          {arn}
eks_cluster                      eks:R:A:cluster/{name}                          {name}
elasticache_replication_group    elasticache:R:A:replicationgroup:{replication_group_id} -
elasticsearch_domain             es:R:A:domain/{domain_name}                     {arn}
glue_catalog_database            glue:R:A:database/{name}                        {account}:{name}
glue_catalog_table               glue:R:A:table/{database_name}/{name} -
glue_crawler                     glue:R:A:crawler/{name}                         {name}
glue_job                         glue:R:A:job/{name}                             {name}
iam_group                        iam::A:group{path}{name}                        {name}
iam_instance_profile             iam::A:instance-profile{path}{name}             {name}
iam_openid_connect_provider      iam::A:oidc-provider/{host}                     {arn}
iam_policy                       iam::A:policy{path}{name}                       {arn}
iam_role                         iam::A:role{path}{name}                         {name}
iam_saml_provider                iam::A:saml-provider/{name}                     {arn}
iam_server_certificate           iam::A:server-certificate{path}{name}           -
iam_user                         iam::A:user{path}{name}                         {name}
iam_virtual_mfa_device           iam::A:mfa{path}{virtual_mfa_device_name}       {arn}
iot_policy                       iot:R:A:policy/{name}                           {name}
iot_thing                        iot:R:A:thing/{name}                            {name}
iot_topic_rule                   iot:R:A:rule/{name}                             {name}
kinesis_firehose_delivery_stream firehose:R:A:deliverystream/{name}              {arn}
kinesis_stream                   kinesis:R:A:stream/{name}                       {arn}
kms_alias                        kms:R:A:{name}                                  {name}
lambda_function                  lambda:R:A:function:{function_name}             {function_name}
mwaa_environment                 airflow:R:A:environment/{name}                  {name}
opensearch_domain                es:R:A:domain/{domain_name}                     {arn}
rds_cluster                      rds:R:A:cluster:{cluster_identifier} {cluster_identifier}
redshift_cluster                 redshift:R:A:cluster:{cluster_identifier} {cluster_identifier}
resourcegroups_group             resource-groups:R:A:group/{name}                {name}
s3_access_point                  s3:R:A:accesspoint/{name}                       {account}:{name}
s3_bucket                        s3:::{bucket}                                   {bucket}
s3_object                        s3:::{bucket}/{key}                             {key}
sagemaker_endpoint               sagemaker:R:A:endpoint/{name}                   {name}
sagemaker_model                  sagemaker:R:A:model/{name}                      {name}
sagemaker_notebook_instance      sagemaker:R:A:notebook-instance/{name}          {name}
scheduler_schedule_group         scheduler:R:A:schedule-group/{name}             {name}
ses_domain_identity              ses:R:A:identity/{domain}                       {domain}
ses_email_identity               ses:R:A:identity/{email}                        {email}
sfn_activity                     states:R:A:activity:{name}                      {arn}
sfn_state_machine                states:R:A:stateMachine:{name}                  {arn}
sns_topic                        sns:R:A:{name}                                  {arn}
sqs_queue                        sqs:R:A:{name}                                  -
ssm_document                     ssm:R:A:document/{name}                         {name}
ssm_parameter                    ssm:R:A:parameter{slash_name}                   {name}
timestreamwrite_database         timestream:R:A:database/{database_name}         {database_name}
"""
_ONLY_IDS = {
    "aws_iam_role_policy": "{role}:{name}",
    "aws_iam_user_policy": "{user}:{name}",
    "aws_iam_group_policy": "{group}:{name}",
    "aws_s3_bucket_acl": "{bucket}",
    "aws_s3_bucket_ownership_controls": "{bucket}",
    "aws_s3_bucket_policy": "{bucket}",
    "aws_s3_bucket_public_access_block": "{bucket}",
    "aws_s3_bucket_server_side_encryption_configuration": "{bucket}",
    "aws_s3_bucket_versioning": "{bucket}",
    "aws_sns_topic_policy": "{arn}",
    "aws_sqs_queue_policy": "{queue_url}",
    "aws_ecs_task_definition": "{family}",
    "aws_ecr_repository_policy": "{repository}",
    "aws_iam_account_alias": "{account_alias}",
}


def _patterns() -> dict[str, tuple[str, str]]:
    found = {name: ("", pattern) for name, pattern in _ONLY_IDS.items()}
    for line in _TABLE.split("\n"):
        if line:
            name, arn, id_ = line.split()
            arn = arn.replace(":R:A:", ":{region}:{account}:").replace("::A:", "::{account}:")
            found[f"aws_{name}"] = (f"arn:{{partition}}:{arn}", "" if id_ == "-" else id_)
    return found


PATTERNS = _patterns()

# Further attributes that are known: type -> name -> pattern.
MORE = {
    "aws_s3_bucket": {
        "bucket_domain_name": "{bucket}.s3.{dns_suffix}",
        "bucket_regional_domain_name": "{bucket}.s3.{region}.{dns_suffix}",
        "region": "{region}",
    },
    "aws_security_group": {"owner_id": "{account}"},
    "aws_sqs_queue": {
        "id": "https://sqs.{region}.{dns_suffix}/{account}/{name}",
        "url": "https://sqs.{region}.{dns_suffix}/{account}/{name}",
    },
    "aws_sns_topic": {"owner": "{account}"},
    "aws_ecr_repository": {
        "registry_id": "{account}",
        "repository_url": "{account}.dkr.ecr.{region}.{dns_suffix}/{name}",
    },
    "aws_ecs_task_definition": {
        "arn_without_revision": "arn:{partition}:ecs:{region}:{account}:task-definition/{family}",
    },
    "aws_lambda_function": {
        "invoke_arn": "arn:{partition}:apigateway:{region}:lambda:path/2015-03-31/functions/"
        "{arn}/invocations",
    },
    "aws_lambda_alias": {"arn": "{function_arn}:{name}", "id": "{function_arn}:{name}"},
    "aws_lambda_layer_version": {
        "layer_arn": "arn:{partition}:lambda:{region}:{account}:layer:{layer_name}",
    },
    "aws_cloudwatch_event_rule": {
        "arn": "arn:{partition}:events:{region}:{account}:rule/{bus}{name}"
    },
    "aws_ecs_service": {
        "id": "arn:{partition}:ecs:{region}:{account}:service/{cluster_name}/{name}"
    },
}
