terraform {
  required_version = ">= 1.9.0"

  required_providers {
    cloudflare = {
      source  = "cloudflare/cloudflare"
      version = "~> 5.19"
    }
    random = {
      source  = "hashicorp/random"
      version = "~> 3.5"
    }
  }

  # The state holds secrets. A private R2 bucket keeps it (infra/README.md, "State"):
  # backend "s3" {
  #   bucket                      = "terraform-state"
  #   key                         = "roadstead.tfstate"
  #   region                      = "auto"
  #   endpoints                   = { s3 = "https://ACCOUNT_ID.r2.cloudflarestorage.com" }
  #   use_lockfile                = true
  #   skip_credentials_validation = true
  #   skip_metadata_api_check     = true
  #   skip_region_validation      = true
  #   skip_requesting_account_id  = true
  #   skip_s3_checksum            = true
  # }
}

# It takes its token from CLOUDFLARE_API_TOKEN.
provider "cloudflare" {}
