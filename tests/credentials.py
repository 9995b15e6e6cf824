"""Credentials made up in the shapes that services give theirs, and lines that they stand in."""

from __future__ import annotations

import base64
import json
import random
import re
import string

_ALPHABETS = {
    "A": string.ascii_uppercase + string.digits,
    "w": string.ascii_letters + string.digits,
    "a": string.ascii_letters,
    "l": string.ascii_lowercase + string.digits,
    "d": string.digits,
    "h": "0123456789abcdef",
    "_": string.ascii_letters + string.digits + "_-",
    "b": string.ascii_letters + string.digits + "+/",
}
_PART = re.compile(r"<(.)(\d+)>")

SHAPES = {
    "AWS": "AKIA<A16>",
    "AWS, for a while": "ASIA<A16>",
    "AWS, a bearer's": "ABIA<A16>",
    "AWS, in context": "ACCA<A16>",
    "AWS, of old": "A3T<A17>",
    "GitHub, personal": "ghp_<w36>",
    "GitHub, OAuth": "gho_<w36>",
    "GitHub, a user's": "ghu_<w36>",
    "GitHub, a server's": "ghs_<w36>",
    "GitHub, refresh": "ghr_<w36>",
    "GitHub, fine-grained": "github_pat_<w22>_<w59>",
    "GitLab, personal": "glpat-<_20>",
    "GitLab, deploy": "gldt-<_20>",
    "GitLab, feed": "glft-<_20>",
    "GitLab, service": "glsoat-<_20>",
    "GitLab, runner": "glrt-<_20>",
    "GitLab, job": "glcbt-1f_<_20>",
    "GitLab, mail": "glimt-<_25>",
    "GitLab, trigger": "glptt-<_40>",
    "GitLab, agent": "glagent-<_50>",
    "GitLab, OAuth": "gloas-<_64>",
    "GitLab, registration": "GR1348941<_20>",
    "Slack, bot": "xoxb-<d12>-<d12>-<w24>",
    "Slack, user": "xoxp-<d12>-<d12>-<d12>-<h32>",
    "Slack, rotated": "xoxe.xoxp-1-<w40>",
    "Slack, app": "xapp-1-<A11>-<d13>-<h64>",
    "Slack, a hook": "https://hooks.slack.com/services/T<A8>/B<A8>/<w24>",
    "Google, API": "AIza<_35>",
    "Google, OAuth": "ya29.<_60>",
    "Google, a client's": "GOCSPX-<_28>",
    "Stripe": "sk_live_<w24>",
    "Stripe, restricted": "rk_live_<w24>",
    "Stripe, test": "sk_test_<w24>",
    "OpenAI, of old": "sk-<w20>T3BlbkFJ<w20>",
    "OpenAI, a project's": "sk-proj-<w20>T3BlbkFJ<w20>",
    "Anthropic": "sk-ant-api03-<_95>",
    "SendGrid": "SG.<_22>.<_43>",
    "npm": "npm_<w36>",
    "PyPI": "pypi-AgEIcHlwaS5vcmc<_80>",
    "PyPI, test": "pypi-AgENdGVzdC5weXBpLm9yZw<_80>",
    "Hugging Face": "hf_<a34>",
    "Databricks": "dapi<h32>",
    "Square": "sq0csp-<_43>",
    "Twilio, account": "AC<h32>",
    "Twilio, key": "SK<h32>",
    "Twilio, as the judge has it": "SK<l32>",
    "Mailchimp": "<h32>-us<d2>",
    "Mailchimp, as the judge has it": "<l32>-us<d1>",
    "Artifactory, API": "AKC<w20>",
    "Artifactory, password": "AP6<w20>",
    "Azure DevOps": "<w76>AZDO<w4>",
    "Azure AI Search": "<w8>AzSe<w40>",
    "Azure Cosmos DB": "<w40>ACDb<w0>A<w8>",
    "Azure Storage": "<b86>==",
    "Azure Service Bus": "<b43>=",
    "Entra ID, an application's": "<w3>8Q~<w34>",
    "Discord": "M<w23>.<_6>.<_27>",
    "Telegram": "<d9>:<_35>",
    "AWS, Bedrock": "ABSK<b110>",
    "AWS, Bedrock, for a while": "bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t<w40>",
    "GitLab, feature flags": "glffct-<_20>",
    "Stripe, a hook's": "whsec_<w32>",
    "Freemius": "sk_<w29>",
    "Facebook, a page's": "EAAM<w110>",
    "Sendinblue": "xkeysib-<h64>-<w16>",
    "Sendinblue, SMTP": "xsmtpsib-<h64>-<w16>",
    "RubyGems": "rubygems_<h48>",
    "Clojars": "CLOJARS_<l60>",
    "Hugging Face, an organization's": "api_org_<a34>",
    "Groq": "gsk_<w52>",
    "Perplexity": "pplx-<w48>",
    "NVIDIA": "nvapi-<_64>",
    "xAI": "xai-<w80>",
    "Replicate": "r8_<w37>",
    "LangSmith": "lsv2_pt_<h32>_<h10>",
    "RunPod": "rpa_<A40>",
    "Twilio, in capitals": "SKABCDEF<h26>",
    "Mailchimp, in capitals": "ABCDEF<h26>-us<d2>",
    "Mailgun": "key-<h32>",
    "Mailgun, signing": "<h32>-<h8>-<h8>",
    "Artifactory, a reference": "cmVmd<w59>",
    "Atlassian": "ATATT3<_186>",
    "1Password": "A3-<A6>-<A6>-<A5>-<A5>-<A5>-<A5>",
    "1Password, a service's": "ops_eyJ<w250>",
    "age": "AGE-SECRET-KEY-1<A58>",
    "Adobe": "p8e-<l32>",
    "Alibaba": "LTAI<w20>",
    "Authress": "sc_<w10>.<w5>.acc_<w12>.<w40>",
    "ClickHouse": "4b1d<w38>",
    "Cloudflare, Origin CA": "v1.0-<h24>-<h146>",
    "Defined Networking": "dnkey-<_26>-<_52>",
    "DigitalOcean": "dop_v1_<h64>",
    "Doppler": "dp.pt.<w43>",
    "Dropbox": "sl.<_135>",
    "Duffel": "duffel_test_<_43>",
    "Dynatrace": "dt0c01.<A24>.<A64>",
    "EasyPost": "EZAK<w54>",
    "Flutterwave": "FLWSECK_TEST-<h32>-X",
    "Fly.io": "fm2_<b100>",
    "Frame.io": "fio-u-<_64>",
    "Grafana": "glsa_<w32>_<h8>",
    "Grafana, of old": "eyJrIjoi<w80>",
    "Harness": "pat.<_22>.<w24>.<w20>",
    "HashiCorp Terraform": "<w14>.atlasv1.<_64>",
    "HashiCorp Vault": "hvs.<_95>",
    "HashiCorp Vault, of old": "s.<w11>7<w12>",
    "Heroku": "HRKU-AA<_58>",
    "Infracost": "ico-<w32>",
    "Intra 42": "s-s4t2ud-<h64>",
    "Linear": "lin_api_<w40>",
    "MaxMind": "<w6>_<w29>_mmk",
    "New Relic": "NRAK-<A27>",
    "Notion": "ntn_<d11><w35>",
    "Notion, of old": "secret_<w43>",
    "Octopus Deploy": "API-<A26>",
    "OpenShift": "sha256~<_43>",
    "Plaid": "access-sandbox-<h8>-<h4>-<h4>-<h4>-<h12>",
    "PlanetScale": "pscale_tkn_<_43>",
    "Postman": "PMAK-<h24>-<h34>",
    "Prefect": "pnu_<w36>",
    "Pulumi": "pul-<h40>",
    "ReadMe": "rdme_<l70>",
    "Scalingo": "tk-us-<w48>",
    "Sentry": "sntryu_<h64>",
    "Sentry, an organization's": "sntrys_eyJ<w100>",
    "SettleMint": "sm_aat_<w16>",
    "Shippo": "shippo_live_<h40>",
    "Shopify": "shpat_<h32>",
    "SonarQube": "squ_<h40>",
    "Sourcegraph": "sgp_<h40>",
    "Typeform": "tfp_<_59>",
    "Yandex": "AQVN<w36>",
    "Docker": "dckr_pat_<_27>",
    "Figma": "figd_<_40>",
    "Vercel": "vcp_<w56>",
    "Tailscale": "tskey-auth-<w12>-<w32>",
    "Supabase": "sbp_<h40>",
    "Contentful": "CFPAT-<_43>",
    "CircleCI": "CCIPAT_<w22>_<h40>",
    "Buildkite": "bkua_<h40>",
    "NuGet": "oy2<l43>",
    "PostHog": "phx_<w43>",
    "Twitter": "AAAAAAAAAAAAAAAAAAAAAA<w90>",
    "Mapbox": "pk.<w60>.<w22>",
    "a JSON web token in base64": "ZXlKaGJHY2lPaUpJVXpJMU5pSXNJblI1Y0NJNklrcFhWQ0o5<w60>",
    "a JSON web token, of odd letters": "eyf<w20>.eyF<w20>.<w20>",
    "Teams, a hook": "https://a.webhook.office.com/webhookb2/<h32>@<h32>/IncomingWebhook/<h32>/<h32>",
    "Discord, a hook": "https://discord.com/api/webhooks/<d18>/<_68>",
    "Zapier, a hook": "https://hooks.zapier.com/hooks/catch/<d7>/<l7>",
    "Telegram, in an address": "https://api.telegram.org/bot<d9>:<_35>/x",
    "SoftLayer, in an address": "https://api.softlayer.com/soap/v3/<l64>",
}
"""Templates: `<w20>` stands for 20 letters and digits."""

PRIVATE_KEYS = (
    *("PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY", "DSA PRIVATE KEY"),
    *("OPENSSH PRIVATE KEY", "ENCRYPTED PRIVATE KEY", "PGP PRIVATE KEY BLOCK"),
    "SSH2 ENCRYPTED PRIVATE KEY",
)

CARRIERS = (
    "value: {}",
    "value: {} # of the old account",
    'value: "{}"',
    "value: '{}'",
    "- {}",
    "- [a, '{}', b]",
    'args: {{a: "{}", b: c}}',
    '{{"value": "{}"}}',
    "command: tool --flag {} --other",
    'command: "export X={}; run"',
    "  {}",
)
"""Lines of YAML in which nothing but the credential itself says that there is one."""


def made(template: str, chance: random.Random) -> str:
    """A credential of this shape."""
    return _PART.sub(
        lambda part: "".join(chance.choices(_ALPHABETS[part[1]], k=int(part[2]))), template
    )


def json_web_token(chance: random.Random) -> str:
    """A JSON web token: a header, claims, and a signature that is none."""
    parts = [{"alg": "HS256", "typ": "JWT"}, {"sub": made("<w12>", chance), "iat": 1}]
    texts = [_base64(json.dumps(part, separators=(",", ":")).encode()) for part in parts]
    return ".".join([*texts, _base64(chance.randbytes(32))])


def private_key(kind: str) -> tuple[list[str], list[str]]:
    """The lines that a private key of this kind begins and ends with."""
    if kind == "PuTTY":
        return ["PuTTY-User-Key-File-2: ssh-rsa", "Private-Lines: 3"], ["Private-MAC: 0f"]
    dashes = ("---- ", " ----") if kind.startswith("SSH2") else ("-----", "-----")
    begin, end = (f"{dashes[0]}{word} {kind}{dashes[1]}" for word in ("BEGIN", "END"))
    return [begin], [end]


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
