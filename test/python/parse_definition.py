"""Reads a definition of the Amazon States Language on standard input, with moto's parser; fails where it is none."""
import sys

from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

AmazonStateLanguageParser.parse(sys.stdin.read())
