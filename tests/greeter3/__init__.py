"""Tests of the application that gets deployed on 3.x."""
