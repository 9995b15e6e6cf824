"""The keys of services that give theirs a shape, as these document it: patterns. Pure.

A lookbehind lets each run of such characters be looked at from its start alone.
"""

from __future__ import annotations

import re

SHAPES = re.compile(
    r"(?<![A-Za-z0-9_])(?:"
    r"(?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16}(?![A-Za-z0-9])"  # AWS
    r"|ABSK[A-Za-z0-9+/]{60,}+=*+|bedrock-api-key-[\w+/=-]{16,}+"
    r"|gh[pousr]_[A-Za-z0-9]{30,}+|github_pat_[A-Za-z0-9_]{20,}+"  # GitHub
    r"|gl(?:pat|ptt|dt|rt|cbt|soat|ft|imt|agent|oas|ffct)-[\w-]{16,}+|GR1348941[\w-]{20}"  # GitLab
    r"|xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{8,}+|xapp-[A-Za-z0-9-]{8,}+"  # Slack
    r"|AIza[\w-]{35}|ya29\.[\w-]{10,}+|GOCSPX-[\w-]{20,}+"  # Google
    # Stripe; OpenAI, Anthropic, OpenRouter; those with names in their keys
    r"|[rs]k_(?:live|test|prod)_[0-9A-Za-z]{10,}+|whsec_[\w+/=-]{24,}+|sk-[A-Za-z0-9_-]{20,}+"
    r"|sk_[A-Za-z0-9]{28,}+|EAA[A-Z][A-Za-z0-9_-]{20,}+"  # Freemius, Facebook and Square
    r"|SG\.[\w=.-]{50,}+|xkeysib-[\w-]{40,}+|xsmtpsib-[\w-]{40,}+"  # SendGrid, Sendinblue
    r"|npm_[A-Za-z0-9]{30,}+|pypi-[\w-]{16,}+|rubygems_[0-9a-f]{40,}+|CLOJARS_[a-zA-Z0-9]{50,}+"
    r"|hf_[A-Za-z0-9]{30,}+|api_org_[A-Za-z0-9]{30,}+|dapi[0-9a-f]{32}(?:-[0-9])?"
    r"|gsk_[A-Za-z0-9]{40,}+|pplx-[A-Za-z0-9]{40,}+|nvapi-[\w-]{40,}+|xai-[A-Za-z0-9]{40,}+"
    r"|r8_[A-Za-z0-9]{30,}+|lsv2_(?:pt|sk)_[A-Za-z0-9_]{32,}+|rpa_[A-Z0-9]{30,}+"
    r"|sq0[a-z]{3}-[\w-]{22,}+"  # Square
    r"|(?:AC|SK)(?:[0-9a-z]{32}|[0-9a-fA-F]{32})(?![A-Za-z0-9])"  # Twilio
    r"|[0-9a-z]{32}-us[0-9]{1,2}(?![0-9a-z])|[0-9a-fA-F]{32}-us[0-9]{1,2}(?![0-9a-z])"  # Mailchimp
    r"|(?:pub)?key-[0-9a-fA-F]{32}|[0-9a-hA-H]{32}-[0-9a-hA-H]{8}-[0-9a-hA-H]{8}"  # Mailgun
    r"|AKC[a-zA-Z0-9]{10,}+|AP(?=[A-Za-z]*+[0-9])[0-9A-F][A-Za-z0-9]{8,}+(?![\w-])"  # Artifactory
    r"|cmVmd[A-Za-z0-9]{59}(?![\w+/-])"
    r"|[A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4}"  # Azure DevOps
    r"|[A-Za-z0-9]{8}AzSe[A-Za-z0-9]{40}|[A-Za-z0-9]{32,46}AC(?:DbA|GAE|RAA|OGh|i[A-Z0-9])[A-Za-z0-9]{1,20}"
    r"|[MNO][A-Za-z\d_-]{23,25}\.[A-Za-z\d_-]{6}\.[A-Za-z\d_-]{27,38}"  # Discord
    r"|[0-9]{5,16}:A?[A-Za-z0-9_-]{34,35}(?![\w-])"  # Telegram
    r"|AT(?:ATT3|CTT3|BB)[\w=-]{20,}+"  # Atlassian
    r"|A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})(?:-[A-Z0-9]{5}){3}"
    r"|AGE-SECRET-KEY-1[A-Z0-9]{50,}+|p8e-[A-Za-z0-9]{32}|LTAI[A-Za-z0-9]{20}"
    r"|(?:sc|ext|scauth|authress)_[A-Za-z0-9]{5,30}+\.[A-Za-z0-9]{4,6}+\.acc[_-][\w.+/=-]{30,}+"
    r"|4b1d[A-Za-z0-9]{38}(?![A-Za-z0-9])|v1\.0-[0-9a-f]{24}-[0-9a-f]{100,}+|dnkey-[\w=-]{26,}+"
    r"|do[opr]_v1_[0-9a-fA-F]{60,}+|dp\.(?:pt|st|ct|sa|scim|audit)\.[A-Za-z0-9.]{40,}+"
    r"|sl\.[\w=-]{130,}+|duffel_(?:test|live)_[\w=-]{40,}+|dt0[cs][0-9]{2}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{60,}+"
    r"|EZ[AT]K[A-Za-z0-9]{54}|FLW(?:SEC|PUB)K(?:_TEST)?-[A-Za-z0-9]{12,}+(?:-X)?"
    r"|f(?:o1|m1[ar]|m2)_[A-Za-z0-9+/_-]{30,}+=*+|fio-u-[\w=-]{60,}+|gl(?:c|sa)_[A-Za-z0-9+/_]{30,}+=*+"
    r"|[ps]at\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9]{24}\.[A-Za-z0-9]{20}"  # Harness
    r"|[A-Za-z0-9]{14}\.atlasv1\.[\w=-]{60,}+|hv[sbr]\.[\w-]{24,}+|s\.(?=[A-Za-z]{0,23}[0-9])[A-Za-z0-9]{24}(?![\w.-])|HRKU-AA[\w-]{50,}+"
    r"|ico-[A-Za-z0-9]{32}|s-s4t2(?:ud|af)-[0-9A-Fa-f]{64}|lin_(?:api|oauth)_[A-Za-z0-9]{40,}+"
    r"|[A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk|NR(?:AK|II|JS|AL)-[\w-]{19,}+"
    r"|ntn_[A-Za-z0-9]{40,}+|secret_[A-Za-z0-9]{43}|API-[A-Z0-9]{25,}+|sha256~[\w-]{40,}+"
    r"|access-(?:sandbox|development|production)-[0-9a-fA-F-]{36}"  # Plaid
    r"|pscale_(?:tkn|oauth|pw)_[\w=.-]{32,}+|PMAK-[0-9a-fA-F]{24}-[0-9a-fA-F]{34}|pn[ub]_[A-Za-z0-9]{36}"
    r"|pul-[0-9a-f]{40}|rdme_[a-z0-9]{70}|tk-us-[\w-]{40,}+|sntrys_[\w+/=-]{40,}+|sntryu_[0-9a-f]{60,}+"
    r"|sm_[aps]at_[A-Za-z0-9]{16}|shippo_(?:live|test)_[0-9a-fA-F]{40}|shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32}"
    r"|sq[aup]_[\w=-]{40}|sgp_(?:[A-Za-z0-9]{1,16}+_)?[0-9a-fA-F]{40}|tfp_[\w=.-]{50,}+|AQVN[\w-]{35,38}"
    r"|dckr_(?:pat|oat)_[\w-]{20,}+|figd_[\w-]{30,}+|vc[priak]_[A-Za-z0-9_-]{40,}+|tskey-[a-z]{2,10}-[\w-]{16,}+"
    r"|sbp_[0-9a-f]{40}|CFPAT-[\w-]{40,}+|CCIPAT_[\w-]{40,}+|bkua_[0-9a-f]{40}|oy2[a-z0-9]{43}|phx_[A-Za-z0-9]{40,}+"
    r"|A{20}[A-Za-z0-9%]{60,}+"  # Twitter
    r"|[ps]k\.[A-Za-z0-9]{60,}+\.[\w-]{20,}+"  # Mapbox
    r"|ops_eyJ[\w+/=-]{60,}+|ZXlK[A-Za-z0-9+/_-]{40,}+=*+"  # 1Password; JSON web tokens in base64
    r")"
    r"|(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{86}=="  # a storage account's
    r"|(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{43}=(?![A-Za-z0-9=])"  # of Service Bus, Event Hubs, IoT Hub
    r"|[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34}"  # an application's, of Entra ID
    r"|(?<![\w-])eyJ[\w-]{6,}+\.[\w-]{4,}+(?:\.[\w-]*+){0,3}"  # JSON web tokens
    r"|(?<![\w-])ey[A-Za-z0-9]{15,}+\.ey[\w/-]{15,}+(?:\.[\w/-]*+=*+)?"
    r"|(?<![\w-])eyJrIjoi[\w+/=-]{30,}+"  # Grafana, of old
)

# Addresses that let everybody in who knows them.
ADDRESSES = re.compile(
    r"(?<=hooks\.slack\.com/)(?:services|workflows|triggers)/[\w/+]{8,}+"
    r"|(?<=softlayer\.com/soap/)v3(?:\.1)?/[A-Za-z0-9]{64}"
    r"|(?<=webhook\.office\.com/)webhookb2/[\w@/-]{20,}+"
    r"|(?<=discord\.com/)api/webhooks/[\w/-]{20,}+"
    r"|(?<=discordapp\.com/)api/webhooks/[\w/-]{20,}+"
    r"|(?<=hooks\.zapier\.com/)hooks/[\w/-]{8,}+"
    r"|(?<=api\.telegram\.org/)bot[\w:-]{20,}+"
)
