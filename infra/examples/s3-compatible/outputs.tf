output "url" {
  description = "Where the registry answers."
  value       = module.registry.url
}

output "docker_login" {
  description = "How the administrator logs in; `infra/README.md` tells how to see the token."
  value       = module.registry.docker_login
}

output "bucket" {
  description = "The bucket that holds everything."
  value       = module.registry.bucket
}

output "kv_namespace_id" {
  description = "KV_NAMESPACE_ID for `npm run reindex`."
  value       = module.registry.kv_namespace_id
}

output "settings" {
  description = "The Worker's plain-text variables."
  value       = module.registry.settings
}
