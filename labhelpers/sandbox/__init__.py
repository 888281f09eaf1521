"""The enforcing AWS endpoint on loopback: server.py runs it, gateway.py takes each request through
its five steps, and each step is a room, from the last to the first:

    record/        5 what happened, as CloudTrail logs it, and the ways to read it
    answer/        4 moto, and what IAM does that moto does not
    sts/           4 STS, which the project answers itself
    authorize/     3 put every check of a call to the policies
    interpret/     2 which actions on which resources, one file a service
    authenticate/  1 whose key, token or assertion is this
    state/           what moto and the sandbox remember
    wire/            the request before anybody believed it, and refusals in each service's shape

In code: authenticate.keys.authenticate, interpret.reading.interpret, authorize.decide.authorize,
answer.replies.answer, record.observe.observe. Beside the steps: federation/ signs the tokens that
people and jobs bring along, workloads/ gives instances and containers their keys; what issuers
publish and instance metadata are answered before any signature is asked for.

A room imports only those below it.
"""
