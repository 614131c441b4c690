# What the validations refuse. What they let through is in accepted.tftest.hcl.
# Without the network and without a token: `terraform init -backend=false && terraform test`. `npm run infra:check` runs the
# same where the providers cannot be had. So the conditions look at outputs only.

mock_provider "cloudflare" {}
mock_provider "random" {}

variables {
  account_id    = "0123456789abcdef0123456789abcdef"
  worker_script = "tests/worker.js"
}

run "account_id_not_hex" {
  command = plan

  variables {
    account_id = "ACCOUNT"
  }

  expect_failures = [var.account_id]
}

run "name_with_upper_case" {
  command = plan

  variables {
    name = "Registry"
  }

  expect_failures = [var.name]
}

run "name_ends_with_hyphen" {
  command = plan

  variables {
    name = "registry-"
  }

  expect_failures = [var.name]
}

run "name_too_long" {
  command = plan

  variables {
    name = "a123456789012345678901234567890123456789012345678"
  }

  expect_failures = [var.name]
}

run "hostname_with_scheme" {
  command = plan

  variables {
    hostname = "https://registry.example.com"
    zone_id  = "fedcba9876543210fedcba9876543210"
  }

  expect_failures = [var.hostname]
}

run "hostname_with_port" {
  command = plan

  variables {
    hostname = "registry.example.com:443"
    zone_id  = "fedcba9876543210fedcba9876543210"
  }

  expect_failures = [var.hostname]
}

run "hostname_without_zone" {
  command = plan

  variables {
    hostname = "registry.example.com"
  }

  expect_failures = [var.hostname]
}

run "zone_without_hostname" {
  command = plan

  variables {
    zone_id = "fedcba9876543210fedcba9876543210"
  }

  expect_failures = [var.hostname]
}

run "zone_id_not_hex" {
  command = plan

  variables {
    hostname = "registry.example.com"
    zone_id  = "example.com"
  }

  expect_failures = [var.zone_id]
}

run "unreachable" {
  command = plan

  variables {
    workers_dev = false
  }

  expect_failures = [var.workers_dev]
}

run "subdomain_with_dots" {
  command = plan

  variables {
    workers_dev_subdomain = "example.workers.dev"
  }

  expect_failures = [var.workers_dev_subdomain]
}

run "script_that_is_not_there" {
  command = plan

  variables {
    worker_script = "tests/nothing.js"
  }

  expect_failures = [var.worker_script]
}

run "script_of_another_kind" {
  command = plan

  variables {
    worker_script = "versions.tf"
  }

  expect_failures = [var.worker_script]
}

run "date_in_words" {
  command = plan

  variables {
    compatibility_date = "today"
  }

  expect_failures = [var.compatibility_date]
}

run "flag_in_upper_case" {
  command = plan

  variables {
    compatibility_flags = ["NODEJS"]
  }

  expect_failures = [var.compatibility_flags]
}

run "cpu_below_10" {
  command = plan

  variables {
    cpu_ms = 9
  }

  expect_failures = [var.cpu_ms]
}

run "cpu_above_5_minutes" {
  command = plan

  variables {
    cpu_ms = 300001
  }

  expect_failures = [var.cpu_ms]
}

run "cpu_in_fractions" {
  command = plan

  variables {
    cpu_ms = 10.5
  }

  expect_failures = [var.cpu_ms]
}

run "sampling_above_1" {
  command = plan

  variables {
    logs = { sampling_rate = 1.1 }
  }

  expect_failures = [var.logs]
}

run "sampling_below_0" {
  command = plan

  variables {
    logs = { sampling_rate = -0.1 }
  }

  expect_failures = [var.logs]
}

run "rate_limit_namespace_not_a_number" {
  command = plan

  variables {
    login_failures_namespace_id = "logins"
  }

  expect_failures = [var.login_failures_namespace_id]
}

run "access_unknown" {
  command = plan

  variables {
    access = "public"
  }

  expect_failures = [var.access]
}

run "admin_token_too_short" {
  command = plan

  variables {
    admin_token = "0123456789012345678901234567890"
  }

  expect_failures = [var.admin_token]
}

run "generation_0" {
  command = plan

  variables {
    token_secret_generation = 0
  }

  expect_failures = [var.token_secret_generation]
}

run "generation_in_fractions" {
  command = plan

  variables {
    token_secret_generation = 1.5
  }

  expect_failures = [var.token_secret_generation]
}

run "issuer_over_http" {
  command = plan

  variables {
    oidc_issuers = ["http://gitlab.example.com"]
  }

  expect_failures = [var.oidc_issuers]
}

run "issuer_with_comma" {
  command = plan

  variables {
    oidc_issuers = ["https://a.example.com,https://b.example.com"]
  }

  expect_failures = [var.oidc_issuers]
}

run "no_issuers" {
  command = plan

  variables {
    oidc_issuers = []
  }

  expect_failures = [var.oidc_issuers]
}

run "edge_cache_below_0" {
  command = plan

  variables {
    edge_cache_seconds = -1
  }

  expect_failures = [var.edge_cache_seconds]
}

run "edge_cache_too_long" {
  command = plan

  variables {
    edge_cache_seconds = 100000
  }

  expect_failures = [var.edge_cache_seconds]
}

run "tag_reads_unknown" {
  command = plan

  variables {
    tag_reads = "slow"
  }

  expect_failures = [var.tag_reads]
}

run "log_requests_unknown" {
  command = plan

  variables {
    log_requests = "some"
  }

  expect_failures = [var.log_requests]
}

run "setting_in_lower_case" {
  command = plan

  variables {
    settings = { s3_timeout_ms = "1" }
  }

  expect_failures = [var.settings]
}

run "setting_empty" {
  command = plan

  variables {
    settings = { S3_TIMEOUT_MS = "" }
  }

  expect_failures = [var.settings]
}

run "setting_that_has_an_input" {
  command = plan

  variables {
    settings = { ACCESS = "open" }
  }

  expect_failures = [var.settings]
}

run "secret_in_settings" {
  command = plan

  variables {
    settings = { ADMIN_TOKEN = "0123456789012345678901234567890123456789" }
  }

  expect_failures = [var.settings]
}

run "endpoint_over_http" {
  command = plan

  variables {
    s3             = { endpoint = "http://s3.example.com", bucket = "images" }
    s3_credentials = { access_key_id = "key", secret_access_key = "secret" }
  }

  expect_failures = [var.s3]
}

run "endpoint_with_path" {
  command = plan

  variables {
    s3             = { endpoint = "https://s3.example.com/images", bucket = "images" }
    s3_credentials = { access_key_id = "key", secret_access_key = "secret" }
  }

  expect_failures = [var.s3]
}

run "endpoint_that_only_begins_like_loopback" {
  command = plan

  variables {
    s3             = { endpoint = "http://127.0.0.1.example.com", bucket = "images" }
    s3_credentials = { access_key_id = "key", secret_access_key = "secret" }
  }

  expect_failures = [var.s3]
}

run "s3_bucket_in_upper_case" {
  command = plan

  variables {
    s3             = { endpoint = "https://s3.example.com", bucket = "Images" }
    s3_credentials = { access_key_id = "key", secret_access_key = "secret" }
  }

  expect_failures = [var.s3]
}

run "s3_region_with_space" {
  command = plan

  variables {
    s3             = { endpoint = "https://s3.example.com", bucket = "images", region = "eu 1" }
    s3_credentials = { access_key_id = "key", secret_access_key = "secret" }
  }

  expect_failures = [var.s3]
}

run "s3_feature_unknown" {
  command = plan

  variables {
    s3             = { endpoint = "https://s3.example.com", bucket = "images", features = ["crc32"] }
    s3_credentials = { access_key_id = "key", secret_access_key = "secret" }
  }

  expect_failures = [var.s3]
}

run "s3_without_credentials" {
  command = plan

  variables {
    s3 = { endpoint = "https://s3.example.com", bucket = "images" }
  }

  expect_failures = [var.s3_credentials]
}

run "credentials_without_s3" {
  command = plan

  variables {
    s3_credentials = { access_key_id = "key", secret_access_key = "secret" }
  }

  expect_failures = [var.s3_credentials]
}

run "s3_credentials_empty" {
  command = plan

  variables {
    s3             = { endpoint = "https://s3.example.com", bucket = "images" }
    s3_credentials = { access_key_id = "key", secret_access_key = "" }
  }

  expect_failures = [var.s3_credentials]
}

run "r2_location_unknown" {
  command = plan

  variables {
    r2 = { location = "moon" }
  }

  expect_failures = [var.r2]
}

run "r2_jurisdiction_unknown" {
  command = plan

  variables {
    r2 = { jurisdiction = "us" }
  }

  expect_failures = [var.r2]
}

run "r2_deletes_uploads_that_live" {
  command = plan

  variables {
    r2 = { delete_uploads_days = 1 }
  }

  expect_failures = [var.r2]
}

run "r2_aborts_in_fractions_of_days" {
  command = plan

  variables {
    r2 = { abort_multipart_days = 2.5 }
  }

  expect_failures = [var.r2]
}

run "r2_origin_with_path" {
  command = plan

  variables {
    r2 = { cors_origins = ["https://registry.example.com/"] }
  }

  expect_failures = [var.r2]
}

run "r2_permission_group_by_name" {
  command = plan

  variables {
    r2 = { write_permission_group = "Workers R2 Storage Bucket Item Write" }
  }

  expect_failures = [var.r2]
}

run "r2_beside_s3" {
  command = plan

  variables {
    s3             = { endpoint = "https://s3.example.com", bucket = "images" }
    s3_credentials = { access_key_id = "key", secret_access_key = "secret" }
    r2             = { location = "weur" }
  }

  expect_failures = [var.r2]
}
