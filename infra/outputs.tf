output "url" {
  description = "Where the registry answers. Null on workers.dev when workers_dev_subdomain is not given."
  value       = local.host == null ? null : "https://${local.host}"
}

output "docker_login" {
  description = "The command with which the administrator logs in; it asks for the admin token. Null when the URL is not known or access is open."
  value       = local.host == null || var.access == "open" ? null : "docker login ${local.host} --username admin"
}

output "worker_name" {
  description = "The Worker's name, for `wrangler tail`."
  value       = cloudflare_workers_script.this.script_name
}

output "worker_sha256" {
  description = "SHA-256 of the script that is deployed, to compare with the release's."
  value       = cloudflare_workers_script.this.content_sha256
}

output "bucket" {
  description = "The bucket that holds everything."
  value       = local.storage.bucket
}

output "kv_namespace_id" {
  description = "The KV namespace of the tag index: KV_NAMESPACE_ID for `npm run reindex`."
  value       = cloudflare_workers_kv_namespace.tags.id
}

output "settings" {
  description = "The Worker's plain-text variables. Its S3_ ones are what fsck, reindex and doctor need, beside a key."
  value       = local.settings
}

output "bindings" {
  description = "Type of each binding by the name that the Worker knows it by."
  value       = { for name, binding in local.bindings : name => binding.type }
}

output "resource_names" {
  description = "What the account shows of this registry, by kind. Null where it has none."
  value = {
    worker       = cloudflare_workers_script.this.script_name
    kv_namespace = cloudflare_workers_kv_namespace.tags.title
    bucket       = one(cloudflare_r2_bucket.this[*].name)
    token        = one(cloudflare_account_token.storage[*].name)
    rate_limit   = local.login_failures_namespace_id
    dataset      = var.metrics ? local.dataset : null
  }
}

locals {
  workers_dev_host = var.workers_dev_subdomain == null ? null : "${var.name}.${var.workers_dev_subdomain}.workers.dev"
  host             = var.hostname == null ? local.workers_dev_host : var.hostname
}
