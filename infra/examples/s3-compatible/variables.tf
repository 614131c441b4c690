variable "account_id" {
  description = "Cloudflare account."
  type        = string
}

variable "name" {
  description = "The Worker's name, and what all names begin with."
  type        = string
  default     = "roadstead"
}

variable "hostname" {
  description = "Host name of the registry. Null: workers.dev."
  type        = string
  default     = null
}

variable "zone_id" {
  description = "Zone of the host name."
  type        = string
  default     = null
}

variable "workers_dev_subdomain" {
  description = "The account's subdomain of workers.dev, when there is no host name of your own."
  type        = string
  default     = null
}

variable "worker_script" {
  description = "The Worker: `npm run build` makes it here; or the path of a release's worker.js."
  type        = string
  default     = "../../../dist/worker.js"
}

variable "access" {
  description = "accounts or open."
  type        = string
  default     = "accounts"
}

variable "oidc_issuers" {
  description = "Whose tokens trust rules may take. Null: GitHub Actions and GitLab."
  type        = list(string)
  default     = null
}

variable "metrics" {
  description = "Write metrics to Analytics Engine, which must have been enabled in the account."
  type        = bool
  default     = false
}

variable "s3" {
  description = "The bucket: what `npm run doctor` found right for it."
  type = object({
    endpoint   = string
    bucket     = string
    region     = optional(string, "auto")
    path_style = optional(bool, true)
    features   = optional(set(string), [])
  })
}

variable "s3_credentials" {
  description = "Key to that bucket alone."
  type = object({
    access_key_id     = string
    secret_access_key = string
  })
  sensitive = true
}

variable "settings" {
  description = "Further variables of the Worker, such as S3_TIMEOUT_MS."
  type        = map(string)
  default     = {}
}
