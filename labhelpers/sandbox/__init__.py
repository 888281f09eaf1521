"""The enforcing AWS endpoint on loopback: server.py runs it, gateway.py takes each request through
its five steps, and each step is a room, from the last to the first:

    record/        5 what happened, as CloudTrail logs it, and the ways to read it
    answer/        4 moto, and what IAM does that moto does not
    sts/           4 STS, which the project answers itself
    federation/      identity providers of the lab, which sign
    workloads/       instances and containers, which get a role's credentials from where they run
    authorize/     3 put every check of a call to the policies
    interpret/     2 which actions on which resources, one file a service
    authenticate/  1 whose key, token or assertion is this
    state/           what moto and the sandbox remember
    wire/            the request before anybody believed it, and refusals in each service's shape

A room imports only those below it.
"""
