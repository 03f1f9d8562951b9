"""placeholder"""
def run_demo(keep: object) -> bool: return False
