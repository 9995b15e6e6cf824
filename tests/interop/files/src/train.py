_ = "train"
