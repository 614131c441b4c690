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

variable "region" {
  description = "AWS region of the bucket."
  type        = string
  default     = "eu-central-1"
}

variable "bucket" {
  description = "Name of the bucket, unique in all of S3."
  type        = string
}

variable "cors_origins" {
  description = "Origins of web pages that may read blobs from the bucket, such as https://registry.example.com."
  type        = list(string)
  default     = []
}
