locals {
  # The S3 API of R2 takes a token's id as the access key id, and the SHA-256 of its value as the secret.
  s3_credentials = local.on_r2 ? {
    access_key_id     = cloudflare_account_token.storage[0].id
    secret_access_key = sha256(cloudflare_account_token.storage[0].value)
  } : var.s3_credentials

  # The one that signs, then the one before.
  token_secret_generations = [
    for generation in [var.token_secret_generation, var.token_secret_generation - 1] : tostring(generation)
    if generation == var.token_secret_generation || (generation > 0 && var.token_secret_keep_previous)
  ]
}

resource "cloudflare_account_token" "storage" {
  count = local.on_r2 ? 1 : 0

  account_id = var.account_id
  name       = "${var.name}-storage (S3)"

  # One policy with one group: the API gives either list back in an order of its own, which would look like a change.
  policies = [{
    effect            = "allow"
    permission_groups = [{ id = var.r2.write_permission_group }]
    resources = jsonencode({
      "com.cloudflare.edge.r2.bucket.${var.account_id}_${cloudflare_r2_bucket.this[0].jurisdiction}_${cloudflare_r2_bucket.this[0].name}" = "*"
    })
  }]

  # No create_before_destroy: the bucket would inherit it, and where a change means another bucket, the Worker would be given
  # that one, empty, before the deletion of the old one is refused.
}

# One for each generation, so that the secret before is still there after a change.
resource "random_password" "token_secret" {
  for_each = toset(local.token_secret_generations)

  length  = 64
  special = false
}
