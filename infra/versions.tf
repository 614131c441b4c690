terraform {
  # 1.9: a validation may refer to other variables.
  required_version = ">= 1.9.0"

  required_providers {
    cloudflare = {
      source = "cloudflare/cloudflare"
      # 5.19: cloudflare_workers_script takes bindings of the type `ratelimit`.
      version = "~> 5.19"
    }
    random = {
      source  = "hashicorp/random"
      version = "~> 3.5"
    }
  }
}
