"""Gives out tokens for azure_server.py as Microsoft Entra ID, the metadata service of a virtual machine and App Service do.

Sources: "Microsoft identity platform and the OAuth 2.0 client credentials flow", "Microsoft Entra authentication and
authorization error codes", "How to use managed identities for Azure resources on an Azure VM to acquire an access token" and
"How to use managed identities for App Service".
"""
import secrets
import time
import uuid

TENANT = "7e57ab1e-0000-4000-8000-000000000001"
CLIENT = "7e57ab1e-0000-4000-8000-000000000002"
SECRET, EXPIRED_SECRET = "client-secret", "expired-secret"
IDENTITY_HEADER = "identity-header"
RESOURCE = "https://storage.azure.com"
JWT_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Token:
    """A token, until when it is good, and for how many requests."""

    def __init__(self, life, uses):
        self.until = time.time() + life
        self.uses = uses


TOKENS = {}
# How many tokens were given out to whom.
GIVEN = {}
# life: how many seconds tokens are good for, and say so; uses: for how many requests, although they say more.
# assertion, expired_assertion: what is taken as a client_assertion, and what was one.
# fail: [[n, seconds], …]: what the next requests for a token are answered with, and Retry-After, which may be null.
ORDERS = {"life": 3600, "uses": None, "assertion": "federated-assertion", "expired_assertion": None, "fail": []}


class NoToken(Exception):
    def __init__(self, status, document, retry_after=None):
        self.status, self.document, self.retry_after = status, document, retry_after


def is_known(client):
    return client == CLIENT or client.startswith(("short", "withdrawn"))


def give(client):
    """Names say how tokens are: short… means a second, withdrawn… three requests, which they do not say."""
    life = 1 if client.startswith("short") else ORDERS["life"]
    uses = 3 if client.startswith("withdrawn") else ORDERS["uses"]
    token = "eyJ0eXAiOiJKV1QifQ." + secrets.token_urlsafe(24)
    TOKENS[token] = Token(life, uses or 1 << 30)
    GIVEN[client] = GIVEN.get(client, 0) + 1
    return token, life


def fail_if_ordered():
    if ORDERS["fail"]:
        status, retry_after = ORDERS["fail"].pop(0)
        raise NoToken(status, {"error": "temporarily_unavailable", "error_description": "AADSTS90033: A transient error has "
                               "occurred. Please try again."}, retry_after)


def no_grant(status, error, code, text):
    """What Entra has in an error."""
    now, trace, correlation = time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime()), str(uuid.uuid4()), str(uuid.uuid4())
    return NoToken(status, {
        "error": error, "error_codes": [code], "timestamp": now, "trace_id": trace, "correlation_id": correlation,
        "error_description": f"AADSTS{code}: {text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {now}",
        "error_uri": f"https://login.microsoftonline.com/error?code={code}"})


def client_credentials(tenant, form):
    fail_if_ordered()
    if tenant != TENANT:
        raise no_grant(400, "invalid_request", 90002, f"Tenant '{tenant}' not found. Check to make sure you have the correct "
                       "tenant ID and are signing into the correct cloud. Check with your subscription administrator, this may "
                       "happen if there are no active subscriptions for the tenant.")
    if form.get("grant_type") != "client_credentials":
        raise no_grant(400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type "
                       f"'{form.get('grant_type')}'.")
    client = form.get("client_id", "")
    if not client:
        raise no_grant(400, "invalid_request", 900144, "The request body must contain the following parameter: 'client_id'.")
    if not is_known(client):
        raise no_grant(400, "unauthorized_client", 700016, f"Application with identifier '{client}' was not found in the "
                       "directory 'Test'. This can happen if the application has not been installed by the administrator of the "
                       "tenant or consented to by any user in the tenant. You may have sent your authentication request to the "
                       "wrong tenant.")
    scope = form.get("scope", "")
    if not scope.endswith("/.default"):
        raise no_grant(400, "invalid_scope", 1002012, f"The provided value for scope {scope} is not valid. Client credential "
                       "flows must have a scope value with /.default suffixed to the resource identifier (application ID URI).")
    if scope.removesuffix("/.default").rstrip("/") != RESOURCE:
        raise no_grant(400, "invalid_resource", 500011, f"The resource principal named {scope.removesuffix('/.default')} was "
                       "not found in the tenant named Test.")
    if "client_assertion" in form:
        check_assertion(form)
    elif "client_secret" not in form:
        raise no_grant(401, "invalid_client", 7000218, "The request body must contain the following parameter: "
                       "'client_assertion' or 'client_secret'.")
    elif form["client_secret"] == EXPIRED_SECRET:
        raise no_grant(401, "invalid_client", 7000222, f"The provided client secret keys for app '{client}' are expired. Visit "
                       "the Azure portal to create new keys for your app: https://aka.ms/NewClientSecret.")
    elif form["client_secret"] != SECRET:
        raise no_grant(401, "invalid_client", 7000215, "Invalid client secret provided. Ensure the secret being sent in the "
                       "request is the client secret value, not the client secret ID, for a secret added to app "
                       f"'{client}'.")
    token, life = give(client)
    return {"token_type": "Bearer", "expires_in": life, "ext_expires_in": life, "access_token": token}


def check_assertion(form):
    if form.get("client_assertion_type") != JWT_BEARER:
        raise no_grant(400, "invalid_request", 900144, "The request body must contain the following parameter: "
                       "'client_assertion_type'.")
    if form["client_assertion"] == ORDERS["expired_assertion"]:
        raise no_grant(401, "invalid_client", 700024, "Client assertion is not within its valid time range.")
    if form["client_assertion"] != ORDERS["assertion"]:
        raise no_grant(401, "invalid_client", 700213, "No matching federated identity record found for presented assertion "
                       "subject 'system:serviceaccount:test:exportd'. Please check your federated identity credential Subject, "
                       "Audience and Issuer against the presented assertion.")


def managed_identity(query, headers, is_app_service):
    """Numbers are strings in these answers."""
    if is_app_service and headers.get("X-IDENTITY-HEADER") != IDENTITY_HEADER:
        raise NoToken(401, {"statusCode": 401, "message": "The identity header is missing or wrong."})
    if not is_app_service and headers.get("Metadata") != "true":
        raise NoToken(400, {"error": "invalid_request", "error_description": "Required metadata header not specified"})
    if not is_app_service and headers.get("X-Forwarded-For"):
        raise NoToken(400, {"error": "invalid_request", "error_description": "Requests must not be forwarded"})
    fail_if_ordered()
    if query.get("api-version") != ("2019-08-01" if is_app_service else "2018-02-01"):
        raise NoToken(400, {"error": "invalid_request", "error_description": "Required query variable 'api-version' is missing "
                            "or not supported"})
    resource = query.get("resource", "")
    if resource.rstrip("/") != RESOURCE:
        raise NoToken(400, {"error": "invalid_resource", "error_description": f"AADSTS500011: The resource principal named "
                            f"{resource} was not found in the tenant named Test."})
    client = query.get("client_id", CLIENT)
    if not is_known(client):
        raise NoToken(400, {"error": "invalid_request", "error_description": "Identity not found"})
    token, life = give(client)
    now = int(time.time())
    document = {"access_token": token, "client_id": client, "expires_on": str(now + life), "resource": resource,
                "token_type": "Bearer"}
    if not is_app_service:
        document |= {"expires_in": str(life), "ext_expires_in": str(life), "not_before": str(now)}
    return document
