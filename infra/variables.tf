# --- Where it lives -----------------------------------------------------------

variable "account_id" {
  description = "Cloudflare account that owns the Worker, the KV namespace and the R2 bucket."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[0-9a-f]{32}$", var.account_id))
    error_message = "account_id must be 32 lower-case hex digits."
  }
}

variable "name" {
  description = "The Worker's name, and what the names of all the rest begin with: two registries in one account need two names."
  type        = string
  default     = "roadstead"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,46}[a-z0-9])?$", var.name))
    error_message = "name must be 1 to 48 characters: lower-case letters, digits and inner hyphens, a letter first."
  }
}

variable "hostname" {
  description = "Host name that the registry answers on, such as registry.example.com. Cloudflare makes its DNS record and its certificate; there must be no record of that name yet. Null: workers.dev only."
  type        = string
  default     = null

  validation {
    condition     = var.hostname == null || can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+([a-z]{2,63}|xn--[a-z0-9-]{1,59})$", var.hostname))
    error_message = "hostname must be a bare host name in lower case: no scheme, port, path or wildcard."
  }

  validation {
    condition     = (var.hostname == null) == (var.zone_id == null)
    error_message = "hostname and zone_id go together: set both or neither."
  }
}

variable "zone_id" {
  description = "Zone of `hostname`. Null without a hostname."
  type        = string
  default     = null

  validation {
    condition     = var.zone_id == null || can(regex("^[0-9a-f]{32}$", var.zone_id))
    error_message = "zone_id must be 32 lower-case hex digits."
  }
}

variable "workers_dev" {
  description = "Whether the Worker answers on <name>.<subdomain>.workers.dev. Null: only while there is no hostname, since what a zone adds (firewall, rate limits) does not apply there."
  type        = bool
  default     = null

  validation {
    condition     = var.workers_dev != false || var.hostname != null
    error_message = "Without a hostname, workers_dev = false would leave the registry unreachable."
  }
}

variable "workers_dev_subdomain" {
  description = "The account's subdomain of workers.dev, so that the outputs can tell the URL. It changes nothing else."
  type        = string
  default     = null

  validation {
    condition     = var.workers_dev_subdomain == null || can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.workers_dev_subdomain))
    error_message = "workers_dev_subdomain must be one label, without .workers.dev."
  }
}

# --- The Worker ---------------------------------------------------------------

variable "worker_script" {
  description = "Path of the Worker as one ES module: a release's worker.js, or what `npm run build` writes. It must be there before `terraform plan`."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("\\.m?js$", var.worker_script)) && fileexists(var.worker_script)
    error_message = "There is no .js or .mjs file at worker_script: download a release's worker.js, or run `npm run build`."
  }
}

variable "compatibility_date" {
  description = "Date of the Workers runtime's behaviour that the script is written for. Leave it to the release."
  type        = string
  default     = "2026-10-01"
  nullable    = false

  validation {
    condition     = can(regex("^20\\d{2}-(0[1-9]|1[0-2])-(0[1-9]|[12]\\d|3[01])$", var.compatibility_date))
    error_message = "compatibility_date must be a date, YYYY-MM-DD."
  }
}

variable "compatibility_flags" {
  description = "Flags of the Workers runtime. Leave them to the release."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for flag in var.compatibility_flags : can(regex("^[a-z][a-z0-9_-]+$", flag))])
    error_message = "Flags are lower-case words joined by underscores."
  }
}

variable "cpu_ms" {
  description = "CPU time that one request may take, in milliseconds. Null: the plan's own limit. The free plan refuses a deployment that sets it."
  type        = number
  default     = null

  validation {
    condition     = var.cpu_ms == null ? true : var.cpu_ms >= 10 && var.cpu_ms <= 300000 && floor(var.cpu_ms) == var.cpu_ms
    error_message = "cpu_ms must be a whole number from 10 to 300000."
  }
}

variable "logs" {
  description = "Workers Logs: whether they are kept, and the share of requests that are (0 to 1). They hold the lines that the Worker writes, never the URL of a request, which may contain the token of an upload."
  type = object({
    enabled       = optional(bool, true)
    sampling_rate = optional(number, 1)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.logs.sampling_rate >= 0 && var.logs.sampling_rate <= 1
    error_message = "logs.sampling_rate must be between 0 and 1."
  }
}

variable "metrics" {
  description = "Write metrics to the Analytics Engine dataset that has the name of the registry, hyphens as underscores. Analytics Engine must have been enabled in the account, in the dashboard, or the deployment fails."
  type        = bool
  default     = false
  nullable    = false
}

variable "login_failures_namespace_id" {
  description = "Number that tells the counter of failed logins from the account's other rate limits. Null: derived from the name."
  type        = string
  default     = null

  validation {
    condition     = var.login_failures_namespace_id == null || can(regex("^[1-9]\\d{0,8}$", var.login_failures_namespace_id))
    error_message = "login_failures_namespace_id must be a whole number from 1 to 999999999, as a string."
  }
}

# --- What it does: docs/settings.md -------------------------------------------

variable "access" {
  description = "`accounts`, or `open`: whoever reaches the registry can do everything."
  type        = string
  default     = "accounts"
  nullable    = false

  validation {
    condition     = contains(["accounts", "open"], var.access)
    error_message = "access must be accounts or open."
  }
}

variable "admin_token" {
  description = "What `admin` logs in with, 32 characters or more. Null: only administrators who have a token of their own get in."
  type        = string
  default     = null
  sensitive   = true

  validation {
    condition     = var.admin_token == null || try(length(var.admin_token) >= 32, false)
    error_message = "admin_token must have 32 characters or more."
  }
}

variable "token_secret_generation" {
  description = "Number of the secret that tokens and upload sessions are signed with. One more makes a new secret, and the one before is still accepted (TOKEN_SECRET_PREVIOUS)."
  type        = number
  default     = 1
  nullable    = false

  validation {
    condition     = var.token_secret_generation >= 1 && floor(var.token_secret_generation) == var.token_secret_generation
    error_message = "token_secret_generation must be a whole number from 1."
  }
}

variable "token_secret_keep_previous" {
  description = "Whether what the secret before has signed is still accepted. False forgets that secret: at once if it has leaked, else a day after the change, when no upload needs it any more."
  type        = bool
  default     = true
  nullable    = false
}

variable "oidc_issuers" {
  description = "Whose tokens trust rules may take, as they write themselves in `iss`. Null: GitHub Actions and GitLab."
  type        = list(string)
  default     = null

  validation {
    condition     = var.oidc_issuers == null ? true : length(var.oidc_issuers) > 0 && alltrue([for issuer in var.oidc_issuers : can(regex("^(https://[^,\\s]+|http://(127\\.0\\.0\\.1|localhost)(:[0-9]+)?(/[^,\\s]*)?)$", issuer))])
    error_message = "oidc_issuers must be one https URL or more (http on this machine), without commas."
  }
}

variable "edge_cache_seconds" {
  description = "How long a location may answer a GET of a manifest or blob without asking storage. 0 turns this off."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.edge_cache_seconds >= 0 && var.edge_cache_seconds <= 99999 && floor(var.edge_cache_seconds) == var.edge_cache_seconds
    error_message = "edge_cache_seconds must be a whole number from 0 to 99999."
  }
}

variable "tag_reads" {
  description = "`fast`: tags through KV. `fresh`: every read of a tag asks storage."
  type        = string
  default     = "fast"
  nullable    = false

  validation {
    condition     = contains(["fast", "fresh"], var.tag_reads)
    error_message = "tag_reads must be fast or fresh."
  }
}

variable "log_requests" {
  description = "`all`: the Worker writes a line for each request. `none`: only for faults and refused logins."
  type        = string
  default     = "all"
  nullable    = false

  validation {
    condition     = contains(["all", "none"], var.log_requests)
    error_message = "log_requests must be all or none."
  }
}

variable "settings" {
  description = "Further variables of the Worker by name, such as S3_TIMEOUT_MS, BLOB_REDIRECT_ORIGIN or PUBLIC_ORIGIN. Everybody who may see the Worker in the dashboard can read them: no secrets here."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for name, text in var.settings : can(regex("^[A-Z][A-Z0-9_]*$", name)) && try(length(text) > 0, false)])
    error_message = "settings must have names in UPPER_SNAKE_CASE and texts that are not empty."
  }

  validation {
    condition = length(setintersection(keys(var.settings), [
      "ACCESS", "ADMIN_TOKEN", "EDGE_CACHE_SECONDS", "LOGIN_FAILURES", "LOG_REQUESTS", "METRICS", "OIDC_ISSUERS",
      "S3_ACCESS_KEY_ID", "S3_BUCKET", "S3_ENDPOINT", "S3_FEATURES", "S3_PATH_STYLE", "S3_REGION",
      "S3_SECRET_ACCESS_KEY", "TAGS", "TAG_READS", "TOKEN_SECRET", "TOKEN_SECRET_PREVIOUS",
    ])) == 0
    error_message = "settings must not name what the module sets itself: there is an input for it."
  }
}

# --- Storage ------------------------------------------------------------------

variable "s3" {
  description = "A bucket made elsewhere. Null: the module makes an R2 bucket, and a key to it. `npm run doctor` tells which path_style and features are right for a storage; checksum-sha256 only where it says so."
  type = object({
    endpoint   = string
    bucket     = string
    region     = optional(string, "auto")
    path_style = optional(bool, true)
    features   = optional(set(string), [])
  })
  default = null

  validation {
    condition     = var.s3 == null || can(regex("^https://[^/?#@\\s]+$", var.s3.endpoint)) || can(regex("^http://(localhost|127\\.\\d+\\.\\d+\\.\\d+|\\[::1\\])(:\\d+)?$", var.s3.endpoint))
    error_message = "s3.endpoint must be https://host, without the bucket, a path or a slash at the end (http only for a loopback address)."
  }

  validation {
    condition     = var.s3 == null || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.s3.bucket))
    error_message = "s3.bucket must be 3 to 63 characters: lower-case letters, digits, and inner dots and hyphens."
  }

  validation {
    condition     = var.s3 == null || can(regex("^[a-z0-9-]+$", var.s3.region))
    error_message = "s3.region must be lower-case letters, digits and hyphens, such as auto or eu-central-1."
  }

  validation {
    condition     = var.s3 == null || length(setsubtract(try(var.s3.features, []), ["checksum-sha256"])) == 0
    error_message = "s3.features: the only one known is checksum-sha256."
  }
}

variable "s3_credentials" {
  description = "Key to the bucket of `s3`: read, write, delete, list, and nothing beside that bucket."
  type = object({
    access_key_id     = string
    secret_access_key = string
  })
  default   = null
  sensitive = true

  validation {
    condition     = (var.s3 == null) == (var.s3_credentials == null)
    error_message = "s3 and s3_credentials go together: set both or neither."
  }

  validation {
    condition     = var.s3_credentials == null || try(length(var.s3_credentials.access_key_id) > 0 && length(var.s3_credentials.secret_access_key) > 0, false)
    error_message = "s3_credentials must have an access_key_id and a secret_access_key."
  }
}

variable "r2" {
  description = "The R2 bucket that the module makes. `location` is a wish (apac, eeur, enam, oc, weur, wnam), `jurisdiction` a guarantee (default, eu, fedramp); neither can be changed once there are images. Uploads that were given up are deleted after so many days, and so an upload may take no longer."
  type = object({
    location               = optional(string)
    jurisdiction           = optional(string, "default")
    delete_uploads_days    = optional(number, 7)
    abort_multipart_days   = optional(number, 7)
    cors_origins           = optional(set(string), [])
    write_permission_group = optional(string, "2efd5506f9c8494dacb1fa10a3e7d5b6")
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.r2.location == null || contains(["apac", "eeur", "enam", "oc", "weur", "wnam"], coalesce(var.r2.location, "-"))
    error_message = "r2.location must be apac, eeur, enam, oc, weur or wnam."
  }

  validation {
    condition     = contains(["default", "eu", "fedramp"], var.r2.jurisdiction)
    error_message = "r2.jurisdiction must be default, eu or fedramp."
  }

  validation {
    condition     = alltrue([for days in [var.r2.delete_uploads_days, var.r2.abort_multipart_days] : days >= 2 && days <= 365 && floor(days) == days])
    error_message = "r2.delete_uploads_days and r2.abort_multipart_days must be whole numbers from 2 to 365: an upload session lives for a day after each request."
  }

  validation {
    condition     = alltrue([for origin in var.r2.cors_origins : origin == "*" || can(regex("^https://[^/?#@\\s]+$", origin)) || can(regex("^http://(localhost|127\\.\\d+\\.\\d+\\.\\d+|\\[::1\\])(:\\d+)?$", origin))])
    error_message = "r2.cors_origins must be *, or origins such as https://registry.example.com, without a path (http only for loopback addresses)."
  }

  validation {
    condition     = can(regex("^[0-9a-f]{32}$", var.r2.write_permission_group))
    error_message = "r2.write_permission_group must be the 32 lower-case hex digits of a permission group's id."
  }

  validation {
    condition     = var.s3 == null || (var.r2.location == null && var.r2.jurisdiction == "default" && length(var.r2.cors_origins) == 0)
    error_message = "With s3 no R2 bucket is made, so r2 would have no effect: leave it out."
  }
}
