"""What finding and measuring faces costs, and how well it is done."""
