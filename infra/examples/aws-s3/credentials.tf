# A Worker has no identity that AWS would take for a role, and so it needs a key: of a user who can do nothing else.

resource "aws_iam_user" "worker" {
  name = "${var.name}-worker"
}

data "aws_iam_policy_document" "worker" {
  statement {
    sid       = "Objects"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    resources = ["${aws_s3_bucket.this.arn}/*"]
  }

  # Without ListBucket, S3 answers 403 for what is not there, not 404.
  statement {
    sid       = "Bucket"
    actions   = ["s3:ListBucket"]
    resources = [aws_s3_bucket.this.arn]
  }
}

resource "aws_iam_user_policy" "worker" {
  name   = "storage"
  user   = aws_iam_user.worker.name
  policy = data.aws_iam_policy_document.worker.json
}

resource "aws_iam_access_key" "worker" {
  user = aws_iam_user.worker.name

  lifecycle {
    # A key that is replaced works until the Worker has the new one.
    create_before_destroy = true
  }
}
