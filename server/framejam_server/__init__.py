"""The framejam server: many people, one log, one denoising loop. ARCHITECTURE.md shows the way."""
