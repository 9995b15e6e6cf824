_ = "other"
