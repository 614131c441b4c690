# What the validations let through, and what becomes of it.
# Without the network and without a token: `terraform init -backend=false && terraform test`. `npm run infra:check` runs the
# same where the providers cannot be had. So the conditions look at outputs only.

mock_provider "cloudflare" {}
mock_provider "random" {}

variables {
  account_id    = "0123456789abcdef0123456789abcdef"
  worker_script = "tests/worker.js"
}

run "r2_as_it_comes" {

  assert {
    condition     = tomap(output.bindings) == tomap({ EDGE_CACHE_SECONDS = "plain_text", LOGIN_FAILURES = "ratelimit", LOG_REQUESTS = "plain_text", S3_ACCESS_KEY_ID = "secret_text", S3_BUCKET = "plain_text", S3_ENDPOINT = "plain_text", S3_FEATURES = "plain_text", S3_PATH_STYLE = "plain_text", S3_REGION = "plain_text", S3_SECRET_ACCESS_KEY = "secret_text", TAGS = "kv_namespace", TAG_READS = "plain_text", TOKEN_SECRET = "secret_text" })
    error_message = "Other bindings than a registry on R2 has."
  }

  assert {
    condition     = tomap(output.settings) == tomap({ EDGE_CACHE_SECONDS = "60", LOG_REQUESTS = "all", S3_BUCKET = "roadstead-storage", S3_ENDPOINT = "https://0123456789abcdef0123456789abcdef.r2.cloudflarestorage.com", S3_FEATURES = "checksum-sha256", S3_PATH_STYLE = "true", S3_REGION = "auto", TAG_READS = "fast" })
    error_message = "Other settings than a registry on R2 has."
  }

  assert {
    condition     = output.url == null && output.docker_login == null
    error_message = "Nobody told the subdomain of workers.dev."
  }

  assert {
    condition     = output.resource_names.bucket == "roadstead-storage" && output.resource_names.dataset == null
    error_message = "Wrong names."
  }
}

run "on_a_host_name" {
  variables {
    hostname = "registry.example.com"
    zone_id  = "fedcba9876543210fedcba9876543210"
  }

  assert {
    condition     = output.url == "https://registry.example.com" && output.docker_login == "docker login registry.example.com --username admin"
    error_message = "The host name is the URL."
  }
}

run "on_both" {
  variables {
    hostname              = "registry.example.com"
    zone_id               = "fedcba9876543210fedcba9876543210"
    workers_dev           = true
    workers_dev_subdomain = "example"
  }

  assert {
    condition     = output.url == "https://registry.example.com"
    error_message = "The host name goes first."
  }
}

run "on_workers_dev" {
  variables {
    name                  = "images"
    workers_dev_subdomain = "example"
  }

  assert {
    condition     = output.url == "https://images.example.workers.dev"
    error_message = "Wrong URL."
  }
}

run "in_the_eu" {
  variables {
    r2 = { jurisdiction = "eu", location = "weur" }
  }

  assert {
    condition     = output.settings["S3_ENDPOINT"] == "https://0123456789abcdef0123456789abcdef.eu.r2.cloudflarestorage.com"
    error_message = "A jurisdiction has an endpoint of its own."
  }
}

run "r2_at_its_limits" {
  variables {
    r2 = { delete_uploads_days = 2, abort_multipart_days = 365, cors_origins = ["https://registry.example.com", "http://localhost:8080"], write_permission_group = "0123456789abcdef0123456789abcdef" }
  }
}

run "r2_for_any_page" {
  variables {
    r2 = { cors_origins = ["*"] }
  }
}

run "everything_set" {
  variables {
    access                      = "accounts"
    admin_token                 = "01234567890123456789012345678901"
    oidc_issuers                = ["https://gitlab.example.com", "https://token.example.com/a", "http://127.0.0.1:8080/ci"]
    edge_cache_seconds          = 0
    tag_reads                   = "fresh"
    log_requests                = "none"
    metrics                     = true
    name                        = "my-images"
    settings                    = { S3_TIMEOUT_MS = "20000" }
    cpu_ms                      = 10
    logs                        = { enabled = false, sampling_rate = 0 }
    compatibility_date          = "2026-10-02"
    compatibility_flags         = ["nodejs_compat"]
    login_failures_namespace_id = "7"
  }

  assert {
    condition     = output.settings["OIDC_ISSUERS"] == "https://gitlab.example.com,https://token.example.com/a,http://127.0.0.1:8080/ci"
    error_message = "Issuers are joined by commas."
  }

  assert {
    condition     = output.settings["EDGE_CACHE_SECONDS"] == "0" && output.settings["TAG_READS"] == "fresh" && output.settings["LOG_REQUESTS"] == "none" && output.settings["S3_TIMEOUT_MS"] == "20000"
    error_message = "Settings got lost."
  }

  assert {
    condition     = output.bindings["ADMIN_TOKEN"] == "secret_text" && output.bindings["METRICS"] == "analytics_engine"
    error_message = "Bindings got lost."
  }

  assert {
    condition     = output.resource_names.dataset == "my_images" && output.resource_names.rate_limit == "7"
    error_message = "Wrong names."
  }

  assert {
    condition     = !contains(keys(output.settings), "ACCESS")
    error_message = "Accounts are what the Worker takes without a word."
  }
}

run "open_to_everybody" {
  variables {
    access                = "open"
    workers_dev_subdomain = "example"
  }

  assert {
    condition     = output.settings["ACCESS"] == "open" && output.docker_login == null
    error_message = "Nobody logs in to an open registry."
  }
}

run "on_s3" {
  variables {
    s3             = { endpoint = "https://s3.eu-central-1.amazonaws.com", bucket = "my.images", region = "eu-central-1", path_style = false, features = ["checksum-sha256"] }
    s3_credentials = { access_key_id = "key", secret_access_key = "secret" }
  }

  assert {
    condition     = output.settings["S3_BUCKET"] == "my.images" && output.settings["S3_PATH_STYLE"] == "false" && output.settings["S3_FEATURES"] == "checksum-sha256" && output.settings["S3_REGION"] == "eu-central-1"
    error_message = "Settings got lost."
  }

  assert {
    condition     = output.bindings["S3_SECRET_ACCESS_KEY"] == "secret_text" && output.resource_names.bucket == null && output.resource_names.token == null
    error_message = "There is nothing of R2 to make."
  }
}

run "on_a_storage_of_this_machine" {
  variables {
    s3             = { endpoint = "http://127.0.0.1:9000", bucket = "images" }
    s3_credentials = { access_key_id = "key", secret_access_key = "secret" }
  }

  assert {
    condition     = !contains(keys(output.settings), "S3_FEATURES") && output.settings["S3_PATH_STYLE"] == "true"
    error_message = "Nothing is claimed of a storage that nobody has examined."
  }
}

run "second_secret" {
  variables {
    token_secret_generation = 2
  }

  assert {
    condition     = output.bindings["TOKEN_SECRET_PREVIOUS"] == "secret_text"
    error_message = "What the first has signed is refused."
  }
}

run "second_secret_alone" {
  variables {
    token_secret_generation    = 2
    token_secret_keep_previous = false
  }

  assert {
    condition     = !contains(keys(output.bindings), "TOKEN_SECRET_PREVIOUS")
    error_message = "The first is still accepted."
  }
}
