"""Mutation testing of the domain: which small wrong changes to the law would no test notice?"""
