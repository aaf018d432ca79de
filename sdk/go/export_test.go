package hookbox

// WithSnapshots is what a configuration is written as.
func WithSnapshots(config Config) Config { return config.withSnapshots() }
