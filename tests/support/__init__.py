"""Code that the tests share: servers, fakes, samples, orchestrators and helpers."""
