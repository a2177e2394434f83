"""For the instructor: hand out exercises, collect what comes back, grade it safely, report on the class.

Run as ``python -m kejigai_data.classroom release|collect|grade|report``. It needs the
``instructor`` extra and a clone of the repository, which alone holds the masters with their
hidden tests. What students send is rebuilt from the released notebook and run apart from the
network, from other students' files and from the key.
"""
