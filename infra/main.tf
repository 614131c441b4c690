locals {
  on_r2       = var.s3 == null
  workers_dev = coalesce(var.workers_dev, var.hostname == null)

  storage = local.on_r2 ? {
    endpoint   = join(".", compact(["https://${var.account_id}", var.r2.jurisdiction == "default" ? "" : var.r2.jurisdiction, "r2.cloudflarestorage.com"]))
    bucket     = cloudflare_r2_bucket.this[0].name
    region     = "auto"
    path_style = true
    features   = toset(["checksum-sha256"])
  } : var.s3

  # Plain text, by the names in docs/settings.md. What is empty is not set.
  settings = { for name, text in merge(var.settings, {
    S3_ENDPOINT        = local.storage.endpoint
    S3_BUCKET          = local.storage.bucket
    S3_REGION          = local.storage.region
    S3_PATH_STYLE      = tostring(local.storage.path_style)
    S3_FEATURES        = join(",", local.storage.features)
    ACCESS             = var.access == "open" ? "open" : ""
    OIDC_ISSUERS       = join(",", coalesce(var.oidc_issuers, []))
    EDGE_CACHE_SECONDS = tostring(var.edge_cache_seconds)
    TAG_READS          = var.tag_reads
    LOG_REQUESTS       = var.log_requests
  }) : name => text if text != "" }

  # Which secrets there are is no secret, only their texts are.
  secrets = merge(
    {
      S3_ACCESS_KEY_ID     = local.s3_credentials.access_key_id
      S3_SECRET_ACCESS_KEY = local.s3_credentials.secret_access_key
      TOKEN_SECRET         = random_password.token_secret[local.token_secret_generations[0]].result
    },
    length(local.token_secret_generations) == 1 ? {} : {
      TOKEN_SECRET_PREVIOUS = random_password.token_secret[local.token_secret_generations[1]].result
    },
    nonsensitive(var.admin_token == null) ? {} : { ADMIN_TOKEN = var.admin_token },
  )

  # By name, so that the list is in the order in which the API gives it back.
  bindings = merge(
    { for name, text in local.settings : name => { type = "plain_text", text = text } },
    { for name, text in local.secrets : name => { type = "secret_text", text = text } },
    { TAGS = { type = "kv_namespace", namespace_id = cloudflare_workers_kv_namespace.tags.id } },
    { LOGIN_FAILURES = {
      type         = "ratelimit"
      namespace_id = local.login_failures_namespace_id
      simple       = { limit = 20, period = 60 }
    } },
    var.metrics ? { METRICS = { type = "analytics_engine", dataset = local.dataset } } : {},
  )

  # Two registries that shared a counter would lock each other's users out.
  login_failures_namespace_id = coalesce(var.login_failures_namespace_id, tostring(parseint(substr(sha256(var.name), 0, 7), 16) + 1))
  # A hyphen would have to be quoted in every query.
  dataset = replace(var.name, "-", "_")
}

# Which manifest a tag points to. Storage stays the truth: `npm run reindex` fills an empty one.
resource "cloudflare_workers_kv_namespace" "tags" {
  account_id = var.account_id
  title      = "${var.name}-tags"
}

resource "cloudflare_workers_script" "this" {
  account_id  = var.account_id
  script_name = var.name

  main_module    = basename(var.worker_script)
  content_file   = var.worker_script
  content_sha256 = filesha256(var.worker_script)

  compatibility_date  = var.compatibility_date
  compatibility_flags = length(var.compatibility_flags) == 0 ? null : var.compatibility_flags

  bindings = [for name, binding in local.bindings : merge(binding, { name = name })]

  limits = var.cpu_ms == null ? null : { cpu_ms = var.cpu_ms }

  observability = {
    enabled            = var.logs.enabled
    head_sampling_rate = var.logs.sampling_rate
    logs = {
      enabled            = var.logs.enabled
      head_sampling_rate = var.logs.sampling_rate
      # They would hold URLs, and that of an upload contains its token. The Worker writes its own line a request.
      invocation_logs = false
    }
  }
}

resource "cloudflare_workers_script_subdomain" "this" {
  account_id       = var.account_id
  script_name      = cloudflare_workers_script.this.script_name
  enabled          = local.workers_dev
  previews_enabled = false
}

# It makes the DNS record and the certificate itself: no cloudflare_dns_record of that name beside it.
resource "cloudflare_workers_custom_domain" "this" {
  count = var.hostname == null ? 0 : 1

  account_id = var.account_id
  zone_id    = var.zone_id
  hostname   = var.hostname
  service    = cloudflare_workers_script.this.script_name
}
