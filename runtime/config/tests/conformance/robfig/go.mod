module github.com/hookbox/hookbox/runtime/config/tests/robfig

go 1.23

require gopkg.in/robfig/cron.v2 v2.0.0-20150107220207-be2e0b0deed5
