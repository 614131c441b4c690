# The Worker on Cloudflare, the images in a bucket that is there already, wherever it speaks S3.

# `admin` logs in with it.
resource "random_password" "admin_token" {
  length  = 48
  special = false
}

module "registry" {
  # Of a release: source = "github.com/OWNER/roadstead//infra?ref=v1.2.3", with worker_script from the same release.
  source = "../.."

  account_id            = var.account_id
  name                  = var.name
  hostname              = var.hostname
  zone_id               = var.zone_id
  workers_dev_subdomain = var.workers_dev_subdomain
  worker_script         = var.worker_script

  access       = var.access
  oidc_issuers = var.oidc_issuers
  metrics      = var.metrics
  # format() is never null, and Terraform knows that while it plans.
  admin_token = format("%s", random_password.admin_token.result)

  s3             = var.s3
  s3_credentials = var.s3_credentials
  settings       = var.settings
}
