# The R2 bucket, where no other storage was named. There is no prevent_destroy here, since whoever uses the module could
# not lift it: R2 itself refuses to delete a bucket that is not empty.
resource "cloudflare_r2_bucket" "this" {
  count = local.on_r2 ? 1 : 0

  account_id   = var.account_id
  name         = "${var.name}-storage"
  location     = var.r2.location
  jurisdiction = var.r2.jurisdiction
  # Not Infrequent Access: that bills every read, and a registry reads.
  storage_class = "Standard"
}

# The bucket's whole list of rules: it takes the place of the one that R2 gives a new bucket.
resource "cloudflare_r2_bucket_lifecycle" "this" {
  count = local.on_r2 ? 1 : 0

  account_id   = var.account_id
  bucket_name  = cloudflare_r2_bucket.this[0].name
  jurisdiction = cloudflare_r2_bucket.this[0].jurisdiction

  rules = [
    {
      id         = "abort-multipart"
      enabled    = true
      conditions = { prefix = "" }
      abort_multipart_uploads_transition = {
        condition = { type = "Age", max_age = var.r2.abort_multipart_days * local.day_seconds }
      }
    },
    {
      id      = "delete-uploads"
      enabled = true
      # docs/storage-schema.md: nothing below it outlives its upload.
      conditions = { prefix = "uploads/" }
      delete_objects_transition = {
        condition = { type = "Age", max_age = var.r2.delete_uploads_days * local.day_seconds }
      }
    },
  ]
}

# For pages that follow the registry's redirect to a blob.
resource "cloudflare_r2_bucket_cors" "this" {
  count = local.on_r2 && length(var.r2.cors_origins) > 0 ? 1 : 0

  account_id   = var.account_id
  bucket_name  = cloudflare_r2_bucket.this[0].name
  jurisdiction = cloudflare_r2_bucket.this[0].jurisdiction

  rules = [{
    id = "read"
    allowed = {
      methods = ["GET", "HEAD"]
      origins = sort(var.r2.cors_origins)
      headers = ["if-none-match", "range"]
    }
    expose_headers  = ["content-length", "content-range", "etag"]
    max_age_seconds = 3600
  }]
}

locals {
  day_seconds = 24 * 60 * 60
}
